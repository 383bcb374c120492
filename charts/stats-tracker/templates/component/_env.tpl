{{- define "stats-tracker.component.env" -}}
- name: SPIN_VARIABLE_GITHUB_URL
  value: {{ .Values.github.url | quote }}
- name: SPIN_VARIABLE_CONTACT
  value: {{ .Values.github.contact | quote }}
- name: SPIN_VARIABLE_PAGE_TIMEOUT
  value: {{ .Values.github.pageTimeout | quote }}
{{- if eq .Values.component.mode "runtimeClass" }}
# Spin listens to its own pod only otherwise, and on a port that nobody but root may take.
- name: SPIN_HTTP_LISTEN_ADDR
  value: 0.0.0.0:3000
{{- end }}
{{- end -}}

{{/* Whether something else chooses how many there are: then nothing here may. */}}
{{- define "stats-tracker.component.scaled" -}}
{{- if or .Values.component.autoscaling.enabled .Values.component.scaleToZero.enabled }}true{{ end -}}
{{- end -}}

{{/* What its pods may take. Spin stops no guest that computes for ever: there the pod's CPU has a limit in any case. */}}
{{- define "stats-tracker.component.resources" -}}
{{- $resources := deepCopy .Values.component.resources }}
{{- if ne .Values.component.mode "container" }}
{{- $resources = mergeOverwrite (dict "limits" (dict "cpu" "1")) $resources }}
{{- end }}
{{- toYaml $resources }}
{{- end -}}
