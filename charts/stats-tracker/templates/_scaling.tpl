{{/* (list . "component" .Values.component.autoscaling NAME) */}}
{{- define "stats-tracker.horizontalPodAutoscaler" -}}
{{- $root := index . 0 -}}
{{- $autoscaling := index . 2 -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ index . 3 }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "stats-tracker.labels" (list $root (index . 1)) | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ index . 3 }}
  minReplicas: {{ $autoscaling.minReplicas }}
  maxReplicas: {{ $autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ $autoscaling.targetCPUUtilizationPercentage }}
{{- end -}}

{{/* (list . "component" .Values.component.podDisruptionBudget NAME) */}}
{{- define "stats-tracker.podDisruptionBudget" -}}
{{- $root := index . 0 -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ index . 3 }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "stats-tracker.labels" (list $root (index . 1)) | nindent 4 }}
spec:
  # Not minAvailable: with one replica it would block every drain.
  maxUnavailable: {{ (index . 2).maxUnavailable }}
  # A pod that is not ready serves no requests and needs no protection.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "stats-tracker.selectorLabels" (list $root (index . 1)) | nindent 6 }}
{{- end -}}
