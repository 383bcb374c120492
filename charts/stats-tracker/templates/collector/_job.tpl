{{- define "stats-tracker.collector.env" -}}
{{ include "stats-tracker.rails.env" (list . "owner-url") }}
{{ include "stats-tracker.rails.withoutKey" . }}
- name: STATS_TRACKER_COMPONENT_URL
  value: {{ include "stats-tracker.component.url" . }}
- name: STATS_TRACKER_ORGS
  value: {{ join " " .Values.orgs | quote }}
- name: STATS_TRACKER_SKIP
  value: {{ join " " .Values.skip | quote }}
- name: STATS_TRACKER_PAUSE
  value: {{ .Values.collector.pause | quote }}
- name: STATS_TRACKER_CONCURRENCY
  value: {{ .Values.collector.concurrency | quote }}
# One line for each package, for whoever reads the logs.
- name: STATS_TRACKER_PROGRESS
  value: json
{{- end -}}

{{/*
The spec of a Job that collects once: a pod for each organisation, one after the other, so that none is asked for again
because another one failed.
*/}}
{{- define "stats-tracker.collector.job" -}}
completionMode: Indexed
completions: {{ len .Values.orgs }}
parallelism: 1
activeDeadlineSeconds: {{ .Values.collector.activeDeadlineSeconds }}
backoffLimitPerIndex: {{ .Values.collector.backoffLimit }}
podFailurePolicy:
  rules:
    # A drained node is nobody's failure: the pass is resumed elsewhere.
    - action: Ignore
      onPodConditions:
        - type: DisruptionTarget
          status: "True"
    # 64: the settings are wrong; 65: the pass ended, without all packages, and another one would ask for everything
    # again; 66: there are no tables; 70: the program is wrong; 75: another collection is running. What is left, above
    # all 69, a pass that was stopped by GitHub's rate limit, goes on after a pause.
    - action: FailIndex
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
    {{- include "stats-tracker.pod" (dict "root" . "user" 65532) | nindent 4 }}
    {{- with include "stats-tracker.scheduling" (list . .Values.collector "collector") }}
    {{- . | nindent 4 }}
    {{- end }}
    initContainers:
      {{- include "stats-tracker.wait" (list . "migrations" "component") | nindent 6 }}
    containers:
      - name: collect
        {{- include "stats-tracker.rails.image" . | nindent 8 }}
        # By Ruby, since the image has no shell.
        args:
          - ruby
          - -e
          - |
            org = ENV.fetch("STATS_TRACKER_ORGS").split.fetch(Integer(ENV.fetch("JOB_COMPLETION_INDEX", "0")))
            exec "bin/rails", "stats:collect[#{org}]"
        {{- include "stats-tracker.env" (list (include "stats-tracker.collector.env" .) .Values.collector.extraEnv) | nindent 8 }}
        resources:
          {{- toYaml .Values.collector.resources | nindent 10 }}
        {{- include "stats-tracker.container.securityContext" . | nindent 8 }}
        volumeMounts:
          - name: tmp
            mountPath: /tmp
    volumes:
      - name: tmp
        emptyDir:
          sizeLimit: 64Mi
{{- end -}}
