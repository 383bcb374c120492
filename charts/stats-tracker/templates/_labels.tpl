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

{{/*
The labels of an object: (list . "web"), or with the user's labels of only this object, (list . "web" LABELS). A label that is
given twice would be invalid YAML: the user's replace part-of and version, and never those that select, or that Helm sets.
*/}}
{{- define "stats-tracker.labels" -}}
{{- $root := index . 0 -}}
{{- $fixed := include "stats-tracker.selectorLabels" . | fromYaml -}}
{{- $fixed = set $fixed "app.kubernetes.io/managed-by" $root.Release.Service -}}
{{- $fixed = set $fixed "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- $own := dict "app.kubernetes.io/part-of" "stats-tracker" "app.kubernetes.io/version" $root.Chart.AppVersion -}}
{{- range prepend (slice . 2) $root.Values.commonLabels }}{{ $own = merge (dict) (. | default dict) $own }}{{ end -}}
{{- toYaml (merge $fixed $own) -}}
{{- end -}}

{{/*
The labels of pods: (list . "web" .Values.web.podLabels). Without versions, so that a new version of the chart alone
restarts no pod.
*/}}
{{- define "stats-tracker.podLabels" -}}
{{- $own := include "stats-tracker.selectorLabels" . | fromYaml -}}
{{- $users := merge (dict) (index . 2 | default dict) ((index . 0).Values.commonLabels | default dict) -}}
{{- toYaml (merge $own $users (dict "app.kubernetes.io/part-of" "stats-tracker")) -}}
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
