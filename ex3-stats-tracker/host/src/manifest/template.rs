//! `{{ variable }}` in a manifest's strings.

use std::collections::BTreeMap;

/// A string with variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
}

/// A `{{` without its `}}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unclosed;

impl Template {
    /// The text between `{{` and `}}`, without surrounding spaces, is the name of a variable.
    pub(super) fn parse(text: &str) -> Result<Self, Unclosed> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").ok_or(Unclosed)?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Variable(name.trim().to_owned()));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { parts })
    }

    /// The names of its variables in order, with repetitions.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The string with each variable replaced. The error is the name of a variable without a value.
    pub(crate) fn render(&self, values: &BTreeMap<String, String>) -> Result<String, String> {
        let mut rendered = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => rendered.push_str(text),
                Part::Variable(name) => rendered.push_str(values.get(name).ok_or_else(|| name.clone())?),
            }
        }
        Ok(rendered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(text: &str, values: &[(&str, &str)]) -> Result<String, String> {
        let values = values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Template::parse(text).unwrap().render(&values)
    }

    #[test]
    fn replaces_variables_at_any_position() {
        assert_eq!(render("", &[]).unwrap(), "");
        assert_eq!(render("plain } text {", &[]).unwrap(), "plain } text {");
        assert_eq!(render("{{a}}", &[("a", "1")]).unwrap(), "1");
        assert_eq!(
            render("https://{{ host }}:{{  port }}/", &[("host", "h"), ("port", "2")]).unwrap(),
            "https://h:2/"
        );
    }

    #[test]
    fn a_value_is_not_a_template() {
        assert_eq!(
            render("{{ a }}", &[("a", "{{ b }}"), ("b", "never")]).unwrap(),
            "{{ b }}"
        );
    }

    #[test]
    fn names_the_variable_without_a_value() {
        assert_eq!(render("{{ a }}{{ b }}", &[("a", "1")]), Err("b".to_owned()));
        assert_eq!(render("{{}}", &[]), Err(String::new()));
    }

    #[test]
    fn an_unclosed_variable_is_refused() {
        assert_eq!(Template::parse("{{ a }} {{ b"), Err(Unclosed));
    }
}
