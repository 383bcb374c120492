{{/*
The prefix of the objects' names. 40 characters leave room for the longest ending, `-collect-first-` with a hash and a pod's
index, in the 63 characters of a host's name, and for `-component` in the 52 characters that SpinKube's labels leave. A longer name is cut
and gets a hash, because two releases may begin alike. A release's name may have dots, a Service's may not.
*/}}
{{- define "stats-tracker.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $prefix := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- $prefix = default $prefix .Values.fullnameOverride | replace "." "-" -}}
{{- if gt (len $prefix) 40 -}}
{{- $prefix = printf "%s-%s" ($prefix | trunc 31 | trimAll "-") (sha256sum $prefix | trunc 8) -}}
{{- end -}}
{{- $prefix | trimSuffix "-" -}}
{{- end -}}

{{- define "stats-tracker.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "stats-tracker.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "stats-tracker.component.name" -}}
{{- include "stats-tracker.fullname" . }}-component
{{- end -}}

{{/* The port of the component's pods. SpinKube's operator always uses 80. */}}
{{- define "stats-tracker.component.port" -}}
{{- if eq .Values.component.mode "spinkube" }}80{{ else }}3000{{ end -}}
{{- end -}}

{{- define "stats-tracker.component.url" -}}
http://{{ include "stats-tracker.component.name" . }}
{{- end -}}

{{- define "stats-tracker.component.executor" -}}
{{- default (include "stats-tracker.fullname" .) .Values.component.spinkube.executor.name -}}
{{- end -}}

{{- define "stats-tracker.web.name" -}}
{{- include "stats-tracker.fullname" . }}-web
{{- end -}}

{{/* The Secret with `secret-key-base`. */}}
{{- define "stats-tracker.web.secret" -}}
{{- default (include "stats-tracker.web.name" .) .Values.rails.existingSecret -}}
{{- end -}}

{{- define "stats-tracker.collector.name" -}}
{{- include "stats-tracker.fullname" . }}-collect
{{- end -}}

{{- define "stats-tracker.migration.name" -}}
{{- include "stats-tracker.fullname" . }}-migrate
{{- end -}}

{{- define "stats-tracker.database.name" -}}
{{- include "stats-tracker.fullname" . }}-database
{{- end -}}
