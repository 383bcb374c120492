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

{{/* The common fields of every pod: (dict "root" . "user" 65532) */}}
{{- define "stats-tracker.pod" -}}
automountServiceAccountToken: false
# Kubernetes' variables for Services could begin with STATS_TRACKER_, as this application's own variables do.
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .user }}
  runAsGroup: {{ .user }}
  fsGroup: {{ .user }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- end -}}

{{- define "stats-tracker.container.securityContext" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop:
      - ALL
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
{{- $extra := index . 1 -}}
{{- $names := list -}}
{{- range $extra }}{{ $names = append $names .name }}{{ end -}}
{{- $all := list -}}
{{- range index . 0 | fromYamlArray }}{{ if not (has .name $names) }}{{ $all = append $all . }}{{ end }}{{ end -}}
{{- with concat $all $extra -}}
env:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}

{{/* The environment of every Rails pod: (list . "owner-url") */}}
{{- define "stats-tracker.rails.env" -}}
{{- $root := index . 0 -}}
- name: RAILS_ENV
  value: production
- name: RAILS_LOG_LEVEL
  value: {{ $root.Values.rails.logLevel }}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ include "stats-tracker.database.secret" $root }}
      key: {{ index . 1 }}
- name: STATS_TRACKER_SOURCE
  value: {{ $root.Values.github.source }}
{{- end -}}

{{/* For pods that sign nothing and so need no Secret, which may not exist yet. */}}
{{- define "stats-tracker.rails.withoutKey" -}}
# Production does not start without a key. Nothing is signed here, so that the key need not be secret.
- name: SECRET_KEY_BASE
  value: signs-nothing
{{- end -}}

{{/* An init container that waits for the conditions of files/wait.rb: (list . "database" "component") */}}
{{- define "stats-tracker.wait" -}}
{{- $root := index . 0 -}}
- name: wait
  {{- include "stats-tracker.rails.image" $root | nindent 2 }}
  args:
    - ruby
    - -e
    - |
      {{- $root.Files.Get "files/wait.rb" | nindent 6 }}
    {{- range rest . }}
    - {{ . }}
    {{- end }}
  env:
    - name: DATABASE_URL
      valueFrom:
        secretKeyRef:
          name: {{ include "stats-tracker.database.secret" $root }}
          key: owner-url
    - name: STATS_TRACKER_COMPONENT_URL
      value: {{ include "stats-tracker.component.url" $root }}
  resources:
    requests:
      cpu: 20m
      memory: 32Mi
    limits:
      memory: 128Mi
  {{- include "stats-tracker.container.securityContext" $root | nindent 2 }}
{{- end -}}
