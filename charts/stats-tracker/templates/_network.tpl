{{/* The first lines of a part's NetworkPolicy: (list . "web" NAME) */}}
{{- define "stats-tracker.networkPolicy" -}}
{{- $root := index . 0 -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ index . 2 }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "stats-tracker.labels" (list $root (index . 1)) | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "stats-tracker.selectorLabels" (list $root (index . 1)) | nindent 6 }}
  # A direction without rules allows no connection.
  policyTypes: [Ingress, Egress]
{{- end -}}

{{/* Egress rules. */}}
{{- define "stats-tracker.network.toDNS" -}}
- to:
    {{- toYaml .Values.networkPolicy.dns.to | nindent 4 }}
  ports:
    {{- range .Values.networkPolicy.dns.ports }}
    - port: {{ . }}
      protocol: UDP
    - port: {{ . }}
      protocol: TCP
    {{- end }}
{{- end -}}

{{- define "stats-tracker.network.toComponent" -}}
- to:
    - podSelector:
        {{- include "stats-tracker.podsOf" (list . (list "component")) | nindent 8 }}
  ports:
    - port: {{ include "stats-tracker.component.port" . }}
      protocol: TCP
{{- end -}}

{{- define "stats-tracker.network.toDatabase" -}}
{{- if eq .Values.database.mode "bundled" -}}
- to:
    - podSelector:
        {{- include "stats-tracker.podsOf" (list . (list "database")) | nindent 8 }}
  ports:
    - port: 5432
      protocol: TCP
{{- else -}}
- ports:
    - port: {{ .Values.networkPolicy.externalDatabase.port }}
      protocol: TCP
  {{- with .Values.networkPolicy.externalDatabase.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
{{- end -}}
