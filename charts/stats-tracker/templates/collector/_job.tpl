{{- define "stats-tracker.collector.env" -}}
{{ include "stats-tracker.rails.env" (list . "owner") }}
{{ include "stats-tracker.rails.withoutKey" . }}
- name: STATS_TRACKER_COMPONENT_URL
  value: {{ include "stats-tracker.component.url" . }}
- name: STATS_TRACKER_ORGS
  value: {{ join " " .Values.orgs | quote }}
- name: STATS_TRACKER_ROUND_SECONDS
  value: {{ .Values.collector.activeDeadlineSeconds | quote }}
- name: STATS_TRACKER_COLLECTORS
  value: {{ .Values.collector.parallelism | quote }}
- name: STATS_TRACKER_STILL_PACKAGES
  value: {{ .Values.collector.stillPackages }}
- name: STATS_TRACKER_SKIP
  value: {{ join " " .Values.skip | quote }}
- name: STATS_TRACKER_PAUSE
  value: {{ .Values.collector.pause | quote }}
- name: STATS_TRACKER_CONCURRENCY
  value: {{ .Values.collector.concurrency | quote }}
# One line of the log for each package.
- name: STATS_TRACKER_PROGRESS
  value: json
{{ include "stats-tracker.notifications.env" . }}
{{- end -}}

{{/*
The spec of a Job that collects every organisation once. A pod that is started again, after a rate limit or on another
node, leaves out the organisations that were just read.

Of several pods each is an index of the Job: one that is killed is replaced, and one that has failed ends no other one.
*/}}
{{- define "stats-tracker.collector.job" -}}
{{- $several := gt (int .Values.collector.parallelism) 1 -}}
activeDeadlineSeconds: {{ .Values.collector.activeDeadlineSeconds }}
{{- if $several }}
completionMode: Indexed
parallelism: {{ .Values.collector.parallelism }}
completions: {{ .Values.collector.parallelism }}
backoffLimitPerIndex: {{ .Values.collector.backoffLimit }}
{{- else }}
backoffLimit: {{ .Values.collector.backoffLimit }}
{{- end }}
podFailurePolicy:
  rules:
    # A drained node is no failure: the collection is resumed on another node.
    - action: Ignore
      onPodConditions:
        - type: DisruptionTarget
          status: "True"
    # 64: wrong settings. 65: every collection finished and some packages failed; the next Job reads them. 66: no tables.
    # 70: a bug. 75: another collection is running. After any other code, above all 69, a collection that a rate limit
    # stopped, the next pod continues after a pause.
    - action: {{ ternary "FailIndex" "FailJob" $several }}
      onExitCodes:
        containerName: collect
        operator: In
        values: [64, 65, 66, 70, 75]
template:
  metadata:
    labels:
      {{- include "stats-tracker.podLabels" (list . "collector" .Values.collector.podLabels) | nindent 6 }}
    {{- with .Values.collector.podAnnotations }}
    annotations:
      {{- toYaml . | nindent 6 }}
    {{- end }}
  spec:
    restartPolicy: Never
    serviceAccountName: {{ include "stats-tracker.serviceAccountName" . }}
    {{- include "stats-tracker.pod" (list . .Values.podSecurityContext) | nindent 4 }}
    {{- with include "stats-tracker.scheduling" (list . .Values.collector "collector") }}
    {{- . | nindent 4 }}
    {{- end }}
    initContainers:
      {{- include "stats-tracker.wait" (list . .Values.collector "migrations" "component") | nindent 6 }}
    containers:
      - name: collect
        {{- include "stats-tracker.rails.image" . | nindent 8 }}
        args: [bin/rails, "stats:collect"]
        {{- include "stats-tracker.env" (list (include "stats-tracker.collector.env" .) .Values.collector.extraEnv) | nindent 8 }}
        resources:
          {{- toYaml .Values.collector.resources | nindent 10 }}
        {{- include "stats-tracker.container.securityContext" . | nindent 8 }}
        {{- include "stats-tracker.rails.volumeMounts" (list . .Values.collector) | nindent 8 }}
    {{- include "stats-tracker.rails.volumes" (list . .Values.collector) | nindent 4 }}
{{- end -}}
