{{/*
Parts of the Pod that depend on the configuration.
*/}}

{{/* "true" if a login comes from a program: what a killed one leaves behind must fall to a process that buries it. */}}
{{- define "pullpass.runsPrograms" -}}
{{- range .Values.config.credentials -}}
{{- if or (hasKey .source "credentialProvider") (hasKey .source "credentialHelper") -}}true{{- break -}}{{- end -}}
{{- end -}}
{{- end -}}

{{/* What a running replica refuses to take: a change of it is a rollout, and a change of anything else is none. */}}
{{- define "pullpass.restartSettings" -}}
{{- $config := fromYaml (include "pullpass.config" .) -}}
{{- $secret := default dict $config.pullSecret -}}
{{- list $config.namespaces $config.workloads $config.certificate $secret.name $secret.formerNames | toJson -}}
{{- end -}}

{{- define "pullpass.env" -}}
# How the elected replica is told among the Pods.
- { name: POD_NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
{{- with .Values.proxy.http }}
- { name: HTTP_PROXY, value: {{ quote . }} }
{{- end }}
{{- with .Values.proxy.https }}
- { name: HTTPS_PROXY, value: {{ quote . }} }
{{- end }}
{{- with .Values.proxy.noProxy }}
- { name: NO_PROXY, value: {{ quote . }} }
{{- end }}
{{- if or .Values.extraCa.configMap .Values.extraCa.secret }}
- { name: NODE_EXTRA_CA_CERTS, value: {{ printf "/etc/pullpass-extra-ca/%s" .Values.extraCa.key | quote }} }
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "pullpass.volumes" -}}
- name: config
  configMap: { name: {{ include "pullpass.fullname" . }} }
{{- if .Values.certManager.enabled }}
- name: certificate
  secret: { secretName: {{ include "pullpass.certificateSecretName" . }} }
{{- end }}
{{- with .Values.extraCa.configMap }}
- name: extra-ca
  configMap: { name: {{ quote . }} }
{{- end }}
{{- with .Values.extraCa.secret }}
- name: extra-ca
  secret: { secretName: {{ quote . }} }
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Whole folders: what is mounted by subPath is never brought up to date. */}}
{{- define "pullpass.volumeMounts" -}}
- { name: config, mountPath: /etc/pullpass, readOnly: true }
{{- if .Values.certManager.enabled }}
- { name: certificate, mountPath: {{ include "pullpass.certificateDir" . }}, readOnly: true }
{{- end }}
{{- if or .Values.extraCa.configMap .Values.extraCa.secret }}
- { name: extra-ca, mountPath: /etc/pullpass-extra-ca, readOnly: true }
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "pullpass.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{- define "pullpass.topologySpreadConstraints" -}}
{{- with .Values.topologySpreadConstraints -}}
{{ toYaml . }}
{{- else -}}
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- topologyKey: {{ . }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  # Of the same version alone: those that a rollout takes away do not count.
  matchLabelKeys: [pod-template-hash]
  labelSelector:
    matchLabels:
      {{- include "pullpass.selectorLabels" $ | nindent 6 }}
{{- end }}
{{- end -}}
{{- end -}}
