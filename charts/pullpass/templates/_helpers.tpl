{{/*
Names and texts that several templates need. The surprising rule: the Lease and the Secrets of the CA and of the logins have
the names that the program gives them, whatever the release is called.
*/}}

{{- define "pullpass.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Of every object but those that the program makes. 52 characters leave room for what is put behind it. */}}
{{- define "pullpass.fullname" -}}
{{- $name := include "pullpass.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "pullpass.selectorLabels" -}}
app.kubernetes.io/name: {{ include "pullpass.name" . }}
app.kubernetes.io/instance: {{ quote .Release.Name }}
{{- end -}}

{{- define "pullpass.labels" -}}
{{ include "pullpass.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{- define "pullpass.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "pullpass.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "pullpass.image" -}}
{{- with .Values.image -}}
{{- if .registry }}{{ .registry }}/{{ end }}{{ .repository }}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ default $.Chart.AppVersion .tag }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* The configuration file as YAML: that of the values, and what the chart alone can know. */}}
{{- define "pullpass.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- if .Values.certManager.enabled -}}
{{- if dig "certificate" "files" "" $config -}}
{{- fail "config.certificate.files and certManager.enabled both say where the certificate comes from: leave one of them out" -}}
{{- end -}}
{{- $dir := include "pullpass.certificateDir" . -}}
{{- $files := dict "cert" (printf "%s/tls.crt" $dir) "key" (printf "%s/tls.key" $dir) "ca" (printf "%s/ca.crt" $dir) -}}
{{- $_ := set $config "certificate" (merge (dict "files" $files) (default dict $config.certificate)) -}}
{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{- define "pullpass.certificateDir" -}}
/etc/pullpass-certificate
{{- end -}}

{{- define "pullpass.certificateSecretName" -}}
{{ include "pullpass.fullname" . }}-certificate
{{- end -}}

{{- define "pullpass.pullSecretName" -}}
{{- dig "pullSecret" "name" "pullpass-dockercfg" .Values.config -}}
{{- end -}}

{{/* As a JSON list: the name of the pull Secret, and those that it had before. */}}
{{- define "pullpass.pullSecretNames" -}}
{{- prepend (dig "pullSecret" "formerNames" list .Values.config) (include "pullpass.pullSecretName" .) | uniq | toJson -}}
{{- end -}}
