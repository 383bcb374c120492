{{/* The Secret of the bundled database. */}}
{{- define "stats-tracker.database.secret" -}}
{{- default (include "stats-tracker.database.name" .) .Values.database.bundled.existingSecret -}}
{{- end -}}

{{/* How a container connects to the database: (list . "owner") or (list . "reader") */}}
{{- define "stats-tracker.database.env" -}}
{{- $root := index . 0 -}}
{{- $user := index . 1 -}}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
{{- if eq $root.Values.database.mode "bundled" }}
      name: {{ include "stats-tracker.database.secret" $root }}
      key: {{ $user }}-url
{{- else }}
{{- $external := $root.Values.database.external }}
      name: {{ default $external.existingSecret (index $external $user).existingSecret }}
      key: {{ (index $external $user).key }}
{{- end }}
{{- if include "stats-tracker.database.ca" $root }}
# libpq's variables. Parameters of the URL take precedence.
- name: PGSSLMODE
  value: verify-full
- name: PGSSLROOTCERT
  value: /etc/stats-tracker/database-ca/ca.crt
{{- end }}
{{- end -}}

{{/* The source of the volume with the CA of an external database, or nothing. */}}
{{- define "stats-tracker.database.ca" -}}
{{- if eq .Values.database.mode "external" -}}
{{- with .Values.database.external.ca -}}
{{- $items := list (dict "key" .key "path" "ca.crt") -}}
{{- if .existingSecret -}}
{{- dict "secret" (dict "secretName" .existingSecret "items" $items) | toYaml -}}
{{- else if .existingConfigMap -}}
{{- dict "configMap" (dict "name" .existingConfigMap "items" $items) | toYaml -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "stats-tracker.database.mount" -}}
{{- if include "stats-tracker.database.ca" . -}}
- name: database-ca
  mountPath: /etc/stats-tracker/database-ca
  readOnly: true
{{- end -}}
{{- end -}}

{{- define "stats-tracker.database.volume" -}}
{{- with include "stats-tracker.database.ca" . -}}
- name: database-ca
  {{- . | nindent 2 }}
{{- end -}}
{{- end -}}
