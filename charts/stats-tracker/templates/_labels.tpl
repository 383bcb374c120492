{{/*
The arguments of labels are the root and a part of the tracker: (list . "web"), or "" for an object of all parts.
*/}}
{{- define "stats-tracker.selectorLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ default $root.Chart.Name $root.Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
{{- with index . 1 }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{- define "stats-tracker.labels" -}}
{{- $root := index . 0 -}}
{{ include "stats-tracker.selectorLabels" . }}
app.kubernetes.io/part-of: stats-tracker
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/*
The labels of pods: (list . "web" .Values.web.podLabels). Without versions, so that a new version of the chart alone
restarts no pod.
*/}}
{{- define "stats-tracker.podLabels" -}}
{{- $root := index . 0 -}}
{{- $own := include "stats-tracker.selectorLabels" . | fromYaml -}}
{{- $own = set $own "app.kubernetes.io/part-of" "stats-tracker" -}}
{{- toYaml (merge $own (deepCopy (index . 2)) (deepCopy $root.Values.commonLabels)) -}}
{{- end -}}

{{/* Selects the pods of several parts: (list . (list "web" "collector")) */}}
{{- define "stats-tracker.podsOf" -}}
{{- $root := index . 0 -}}
matchLabels:
  app.kubernetes.io/name: {{ default $root.Chart.Name $root.Values.nameOverride | trunc 63 | trimSuffix "-" }}
  app.kubernetes.io/instance: {{ $root.Release.Name }}
matchExpressions:
  - key: app.kubernetes.io/component
    operator: In
    values: {{ toJson (index . 1) }}
{{- end -}}
