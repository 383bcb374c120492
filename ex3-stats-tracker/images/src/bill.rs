//! The bill of materials of an image (SBOM), in CycloneDX's format.

use anyhow::{Context, Result};
use cyclonedx_bom::{
    external_models::{normalized_string::NormalizedString, uri::Purl},
    models::{
        bom::{Bom, SpecVersion},
        component::{Classification, Component, Components},
        license::{LicenseChoice, Licenses},
        metadata::Metadata,
    },
    validation::Validate,
};

use crate::names::VERSION;

/// The media type in a registry.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.cyclonedx+json";

/// A package in an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The package URL: `pkg:cargo/serde@1.0.2`.
    pub(crate) url: String,
    /// The SPDX expression of its licence, if its registry has one.
    pub(crate) license: Option<String>,
}

/// The bill of an image as JSON, without time and place, so that the same image has the same bill.
pub(crate) fn bill(image: &str, packages: &[Package]) -> Result<Vec<u8>> {
    let mut sorted = packages.to_vec();
    sorted.sort();
    sorted.dedup();
    let components = sorted.iter().map(component).collect();
    let bom = Bom {
        spec_version: SpecVersion::V1_5,
        metadata: Some(Metadata {
            component: Some(Component::new(
                Classification::Container,
                image,
                VERSION,
                Some(image.to_owned()),
            )),
            ..Metadata::default()
        }),
        components: Some(Components(components)),
        // The default is a random number.
        serial_number: None,
        ..Bom::default()
    };
    let problems = bom.validate_version(SpecVersion::V1_5);
    anyhow::ensure!(
        problems.passed(),
        "the bill of materials of {image} is not valid: {problems:?}"
    );
    let mut bytes = Vec::new();
    bom.output_as_json_v1_5(&mut bytes)
        .context("writing the bill of materials")?;
    Ok(bytes)
}

fn component(package: &Package) -> Component {
    let mut component = Component::new(
        Classification::Library,
        &package.name,
        &package.version,
        Some(package.url.clone()),
    );
    component.version = Some(NormalizedString::new(&package.version));
    component.purl = package.url.parse::<Purl>().ok();
    component.licenses = package
        .license
        .as_deref()
        .map(|license| Licenses(vec![LicenseChoice::expression(license)]));
    component
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str) -> Package {
        Package {
            name: name.to_owned(),
            version: "1.0".to_owned(),
            url: format!("pkg:cargo/{name}@1.0"),
            license: Some("MIT OR Apache-2.0".to_owned()),
        }
    }

    #[test]
    fn a_bill_does_not_depend_on_the_order_of_the_packages() {
        let bill_of =
            |names: &[&str]| bill("image", &names.iter().map(|name| package(name)).collect::<Vec<_>>()).unwrap();
        assert!(bill_of(&["a", "b", "a"]) == bill_of(&["b", "a"]));
        let read = Bom::parse_from_json(&*bill_of(&["a"])).unwrap();
        let component = &read.components.unwrap().0[0];
        assert_eq!(component.purl.as_ref().unwrap().to_string(), "pkg:cargo/a@1.0");
    }
}
