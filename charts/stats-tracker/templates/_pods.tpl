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

{{/* What every pod says: (dict "root" . "user" 65532) */}}
{{- define "stats-tracker.pod" -}}
automountServiceAccountToken: false
# Kubernetes' own variables for every Service begin with STATS_TRACKER_ as ours do.
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

{{/* Where a pod runs: (list . .Values.web "web"). A spread without a selector is one over the part's own pods. */}}
{{- define "stats-tracker.scheduling" -}}
{{- $workload := index . 1 -}}
{{- $own := dict "labelSelector" (dict "matchLabels" (include "stats-tracker.selectorLabels" (list (index . 0) (index . 2)) | fromYaml)) -}}
{{- $said := dict -}}
{{- range $value := list "priorityClassName" "nodeSelector" "tolerations" "affinity" -}}
{{- with index $workload $value }}{{ $said = set $said $value . }}{{ end -}}
{{- end -}}
{{- $spread := list -}}
{{- range $workload.topologySpreadConstraints -}}
{{- $spread = append $spread (ternary . (merge (deepCopy .) $own) (hasKey . "labelSelector")) -}}
{{- end -}}
{{- with $spread }}{{ $said = set $said "topologySpreadConstraints" . }}{{ end -}}
{{- with $said }}{{ toYaml . }}{{ end -}}
{{- end -}}

{{/*
A container's environment: (list OWN EXTRA). What is said in extraEnv wins: a name that is there twice would be refused.
*/}}
{{- define "stats-tracker.env" -}}
{{- $extra := index . 1 -}}
{{- $said := list -}}
{{- range $extra }}{{ $said = append $said .name }}{{ end -}}
{{- $all := list -}}
{{- range index . 0 | fromYamlArray }}{{ if not (has .name $said) }}{{ $all = append $all . }}{{ end }}{{ end -}}
{{- with concat $all $extra -}}
env:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}

{{/* What Rails is told in each of its pods: (list . "owner-url") */}}
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

{{/* For what signs nothing and starts before the Secret is there, or without a need for it. */}}
{{- define "stats-tracker.rails.withoutKey" -}}
# Production starts with some key only. Nothing is signed here, so that this one is nobody's secret.
- name: SECRET_KEY_BASE
  value: signs-nothing
{{- end -}}

{{/* Waits until there is what the pod's own container needs: (list . "database" "component") */}}
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
