{{/* An image's reference: (list .Values.rails.image .Chart.AppVersion) */}}
{{- define "stats-tracker.image" -}}
{{- $image := index . 0 -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ default (index . 1) $image.tag }}
{{- end -}}
{{- end -}}

{{- define "stats-tracker.rails.image" -}}
image: {{ include "stats-tracker.image" (list .Values.rails.image .Chart.AppVersion) | quote }}
imagePullPolicy: {{ .Values.rails.image.pullPolicy }}
{{- end -}}

{{/* The common fields of every pod: (list . .Values.podSecurityContext) */}}
{{- define "stats-tracker.pod" -}}
automountServiceAccountToken: false
# Kubernetes' variables for Services could begin with STATS_TRACKER_, as this application's own variables do.
enableServiceLinks: false
{{- with (index . 0).Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with index . 1 }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "stats-tracker.container.securityContext" -}}
{{- with .Values.securityContext -}}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}

{{/*
The scheduling of a pod: (list . .Values.web "web"). A topology spread constraint without a selector gets that of the
part's own pods.
*/}}
{{- define "stats-tracker.scheduling" -}}
{{- $workload := index . 1 -}}
{{- $own := dict "labelSelector" (dict "matchLabels" (include "stats-tracker.selectorLabels" (list (index . 0) (index . 2)) | fromYaml)) -}}
{{- $fields := dict -}}
{{- range $value := list "priorityClassName" "nodeSelector" "tolerations" "affinity" -}}
{{- with index $workload $value }}{{ $fields = set $fields $value . }}{{ end -}}
{{- end -}}
{{- $spread := list -}}
{{- range $workload.topologySpreadConstraints -}}
{{- $spread = append $spread (ternary . (merge (deepCopy .) $own) (hasKey . "labelSelector")) -}}
{{- end -}}
{{- with $spread }}{{ $fields = set $fields "topologySpreadConstraints" . }}{{ end -}}
{{- with $fields }}{{ toYaml . }}{{ end -}}
{{- end -}}

{{/*
A container's environment: (list OWN EXTRA). A variable of extraEnv replaces the chart's own: Kubernetes refuses a name
twice.
*/}}
{{- define "stats-tracker.env" -}}
{{- $extra := index . 1 | default list -}}
{{- $names := list -}}
{{- range $extra }}{{ $names = append $names .name }}{{ end -}}
{{- $all := list -}}
{{- range index . 0 | fromYamlArray }}{{ if not (has .name $names) }}{{ $all = append $all . }}{{ end }}{{ end -}}
{{- with concat $all $extra -}}
env:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}

{{/* The volumes of a pod, or the mounts of a container: (list OWN EXTRA). A mount may be of a volume of the other list. */}}
{{- define "stats-tracker.list" -}}
{{- with concat (index . 0 | fromYamlArray) (index . 1 | default list) -}}
{{- toYaml . -}}
{{- end -}}
{{- end -}}

{{- define "stats-tracker.tmp.mount" -}}
- name: tmp
  mountPath: /tmp
{{- end -}}

{{- define "stats-tracker.tmp.volume" -}}
- name: tmp
  emptyDir:
    sizeLimit: 64Mi
{{- end -}}

{{/* The mounts of a Rails container: (list . .Values.web) */}}
{{- define "stats-tracker.rails.volumeMounts" -}}
{{- $own := printf "%s\n%s" (include "stats-tracker.tmp.mount" .) (include "stats-tracker.database.mount" (index . 0)) -}}
volumeMounts:
  {{- include "stats-tracker.list" (list $own (index . 1).extraVolumeMounts) | nindent 2 }}
{{- end -}}

{{/* The volumes of a Rails pod: (list . .Values.web) */}}
{{- define "stats-tracker.rails.volumes" -}}
{{- $own := printf "%s\n%s" (include "stats-tracker.tmp.volume" .) (include "stats-tracker.database.volume" (index . 0)) -}}
volumes:
  {{- include "stats-tracker.list" (list $own (index . 1).extraVolumes) | nindent 2 }}
{{- end -}}

{{/* The environment of every Rails pod: (list . "owner") */}}
{{- define "stats-tracker.rails.env" -}}
{{- $root := index . 0 -}}
- name: RAILS_ENV
  value: production
- name: RAILS_LOG_LEVEL
  value: {{ $root.Values.rails.logLevel }}
{{ include "stats-tracker.database.env" . }}
- name: STATS_TRACKER_SOURCE
  value: {{ $root.Values.github.source }}
{{- end -}}

{{/* For pods that sign nothing and so need no Secret, which may not exist yet. */}}
{{- define "stats-tracker.rails.withoutKey" -}}
# Production does not start without a key. Nothing is signed here, so that the key need not be secret.
- name: SECRET_KEY_BASE
  value: signs-nothing
{{- end -}}

{{/*
An init container that waits for the conditions of files/wait.rb, with the additions to the pod's own container:
(list . .Values.collector "migrations" "component")
*/}}
{{- define "stats-tracker.wait" -}}
{{- $root := index . 0 -}}
- name: wait
  {{- include "stats-tracker.rails.image" $root | nindent 2 }}
  args:
    - ruby
    - -e
    - |
      {{- $root.Files.Get "files/wait.rb" | nindent 6 }}
    {{- range slice . 2 }}
    - {{ . }}
    {{- end }}
  {{- include "stats-tracker.env" (list (include "stats-tracker.wait.env" $root) (index . 1).extraEnv) | nindent 2 }}
  resources:
    requests:
      cpu: 20m
      memory: 32Mi
    limits:
      memory: 128Mi
  {{- include "stats-tracker.container.securityContext" $root | nindent 2 }}
  {{- include "stats-tracker.rails.volumeMounts" . | nindent 2 }}
{{- end -}}

{{- define "stats-tracker.wait.env" -}}
{{ include "stats-tracker.database.env" (list . "owner") }}
- name: STATS_TRACKER_COMPONENT_URL
  value: {{ include "stats-tracker.component.url" . }}
{{- end -}}
