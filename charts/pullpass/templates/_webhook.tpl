{{/*
What reaches Pullpass, from the same settings that it goes by itself. It compares the two while it runs
(`pullpass_webhook_configuration_differs`), so the plural of a kind follows the rules of src/cluster/webhook-rules.ts.
*/}}

{{/* The setting `namespaces`, without those that never take part. */}}
{{- define "pullpass.namespaceSelector" -}}
{{- $byDefault := dict "matchLabels" (dict "pullpass.dev/inject" "enabled") -}}
{{- $selector := deepCopy (dig "namespaces" $byDefault .Values.config) -}}
{{- $never := list "kube-system" "kube-node-lease" "kube-public" .Release.Namespace | uniq -}}
{{- $excluded := dict "key" "kubernetes.io/metadata.name" "operator" "NotIn" "values" $never -}}
{{- $_ := set $selector "matchExpressions" (append (default list $selector.matchExpressions) $excluded) -}}
{{- toYaml $selector -}}
{{- end -}}

{{- define "pullpass.plural" -}}
{{- $name := lower . -}}
{{- if regexMatch "(s|x|z|ch|sh)$" $name -}}{{ $name }}es
{{- else if regexMatch "[^aeiou]y$" $name -}}{{ trimSuffix "y" $name }}ies
{{- else -}}{{ $name }}s
{{- end -}}
{{- end -}}

{{/* A template that cannot be changed is none of our business after it was created. */}}
{{- define "pullpass.knownWorkloads" -}}
Deployment: { group: apps, update: true }
StatefulSet: { group: apps, update: true }
DaemonSet: { group: apps, update: true }
ReplicaSet: { group: apps, update: true }
ReplicationController: { group: "", update: true }
PodTemplate: { group: "", update: true }
CronJob: { group: batch, update: true }
Job: { group: batch, update: false }
{{- end -}}

{{- define "pullpass.rules" -}}
{{- $known := fromYaml (include "pullpass.knownWorkloads" .) -}}
- { apiGroups: [""], apiVersions: [v1], resources: [pods], operations: [CREATE], scope: Namespaced }
{{- range without (dig "workloads" (list "Deployment") .Values.config) "Pod" | uniq }}
{{- $custom := kindIs "map" . }}
{{- $kind := $custom | ternary (get (ternary . dict $custom) "kind") . }}
{{- $workload := $custom | ternary . (get $known $kind) }}
{{- $resources := list (include "pullpass.plural" $kind) }}
{{- with get $.Values.webhook.resources (printf "%s.%s" $kind $workload.group) }}
{{- $resources = prepend $resources . | uniq }}
{{- end }}
- apiGroups: [{{ quote $workload.group }}]
  apiVersions: [{{ $custom | ternary "*" "v1" | quote }}]
  resources: {{ toJson $resources }}
  operations: {{ toJson (ternary (list "CREATE" "UPDATE") (list "CREATE") (default false $workload.update)) }}
  scope: Namespaced
{{- end }}
{{- end -}}
