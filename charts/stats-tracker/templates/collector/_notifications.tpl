{{/* The receivers that are set: a list of names. The collector sends, and no other pod has their addresses. */}}
{{- define "stats-tracker.notifications.webhooks" -}}
{{- $set := list -}}
{{- range $receiver := list "webhook" "slack" "discord" "mattermost" -}}
{{- if (index $.Values.notifications $receiver).existingSecret }}{{ $set = append $set $receiver }}{{ end -}}
{{- end -}}
{{- toYaml $set -}}
{{- end -}}

{{- define "stats-tracker.notifications.env" -}}
{{- $variables := dict "webhook" "STATS_TRACKER_WEBHOOK_URL" "slack" "STATS_TRACKER_SLACK_WEBHOOK_URL"
  "discord" "STATS_TRACKER_DISCORD_WEBHOOK_URL" "mattermost" "STATS_TRACKER_MATTERMOST_WEBHOOK_URL" -}}
{{- range $receiver := include "stats-tracker.notifications.webhooks" . | fromYamlArray }}
- name: {{ index $variables $receiver }}
  {{- include "stats-tracker.notifications.address" (index $.Values.notifications $receiver) | nindent 2 }}
{{- end }}
{{- with .Values.notifications.mail }}
{{- if .to }}
- name: STATS_TRACKER_MAIL_TO
  value: {{ join " " .to | quote }}
- name: STATS_TRACKER_MAIL_FROM
  value: {{ .from | quote }}
- name: STATS_TRACKER_SMTP_URL
  {{- include "stats-tracker.notifications.address" . | nindent 2 }}
{{- end }}
{{- end }}
{{- with .Values.notifications.kinds }}
- name: STATS_TRACKER_NOTIFY
  value: {{ join " " . | quote }}
{{- end }}
{{- with .Values.notifications.dashboardURL }}
- name: STATS_TRACKER_DASHBOARD_URL
  value: {{ . | quote }}
{{- end }}
{{- end -}}

{{- define "stats-tracker.notifications.address" -}}
valueFrom:
  secretKeyRef:
    name: {{ .existingSecret }}
    key: {{ .key }}
{{- end -}}

{{/* Egress rules, only to receivers that are set. */}}
{{- define "stats-tracker.notifications.egress" -}}
{{- $rules := list -}}
{{- if include "stats-tracker.notifications.webhooks" . | fromYamlArray }}{{ $rules = append $rules .Values.networkPolicy.webhooks }}{{ end -}}
{{- if .Values.notifications.mail.to }}{{ $rules = append $rules .Values.networkPolicy.mail }}{{ end -}}
{{- range $rules }}
- ports:
    - port: {{ .port }}
      protocol: TCP
  {{- with .to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end -}}
