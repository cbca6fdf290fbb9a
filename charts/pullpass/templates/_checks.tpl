{{/*
What values.schema.json cannot say, since it is about two values at once. Each sentence says what to do.
*/}}
{{- define "pullpass.checks" -}}
{{- if and (eq .Values.failurePolicy "Fail") (or (lt (int .Values.replicas) 2) (not .Values.podDisruptionBudget.enabled)) -}}
{{- fail "failurePolicy: Fail refuses every Pod while no replica answers: set replicas to 2 or more and podDisruptionBudget.enabled to true, or take failurePolicy: Ignore" -}}
{{- end -}}
{{- if and .Values.certManager.enabled (not .Values.certManager.issuerRef.name) -}}
{{- fail "certManager.enabled needs an issuer: set certManager.issuerRef.name" -}}
{{- end -}}
{{- if and .Values.extraCa.configMap .Values.extraCa.secret -}}
{{- fail "extraCa.configMap and extraCa.secret are both set: leave one of them out" -}}
{{- end -}}
{{- if eq (int .Values.port) (int .Values.healthPort) -}}
{{- fail "port and healthPort are the same: set one of them to another port" -}}
{{- end -}}
{{- if has (int .Values.statusPort) (list (int .Values.port) (int .Values.healthPort)) -}}
{{- fail "statusPort is port or healthPort: set it to another port, or to 0 for none" -}}
{{- end -}}
{{- end -}}
