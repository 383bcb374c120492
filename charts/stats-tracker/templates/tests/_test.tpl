{{/* The pod of a test without its containers: (list . "web") */}}
{{- define "stats-tracker.test" -}}
{{- $root := index . 0 -}}
apiVersion: v1
kind: Pod
metadata:
  name: {{ include "stats-tracker.fullname" $root }}-test-{{ index . 1 }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "stats-tracker.labels" (list $root "test") | nindent 4 }}
  annotations:
    helm.sh/hook: test
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  restartPolicy: Never
  activeDeadlineSeconds: 300
  serviceAccountName: {{ include "stats-tracker.serviceAccountName" $root }}
  {{- include "stats-tracker.pod" (list $root $root.Values.podSecurityContext) | nindent 2 }}
  {{- with include "stats-tracker.scheduling" (list $root $root.Values.migration "test") }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "stats-tracker.test.resources" -}}
resources:
  requests:
    cpu: 20m
    memory: 32Mi
  limits:
    memory: 128Mi
{{- end -}}
