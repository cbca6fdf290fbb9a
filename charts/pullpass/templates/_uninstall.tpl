{{/*
What helm does when it uninstalls, beside deleting what it installed. First the webhook configuration goes, or the API server would
still call it when nobody answers any more; last, when no replica can make it again, what Pullpass made itself.
*/}}

{{/* "true" if helm installs this. Whoever renders it to apply it by other means would run the hooks at once, and not at the end. */}}
{{- define "pullpass.hooks" -}}
{{- if lookup "v1" "Namespace" "" "kube-system" -}}true{{- end -}}
{{- end -}}

{{- define "pullpass.uninstallName" -}}
{{ include "pullpass.fullname" . }}-uninstall
{{- end -}}

{{/* Not those of the replicas: neither the Service nor the wait for their end is meant for this one. */}}
{{- define "pullpass.uninstallLabels" -}}
{{- $name := printf "%s-uninstall" (include "pullpass.name" .) | trunc 63 | trimSuffix "-" -}}
{{- set (fromYaml (include "pullpass.labels" .)) "app.kubernetes.io/name" $name | toYaml -}}
{{- end -}}

{{/* Nothing of them is left, whether they succeed or not. */}}
{{- define "pullpass.afterDelete" -}}
helm.sh/hook: post-delete
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded,hook-failed
{{- end -}}
