//! The certificates of a test's cluster: a certificate authority, and the certificates that it signs.

use std::{
    fs::{OpenOptions, Permissions},
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};

use crate::{error::Error, files::write};

/// The files of a certificate and its key.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// The files of a key pair.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) public: PathBuf,
    pub(crate) private: PathBuf,
}

/// The certificate authority of the cluster's programs and users.
#[derive(Debug)]
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    directory: PathBuf,
    files: Files,
}

impl Authority {
    /// A new authority with its files in `directory`.
    pub(crate) fn new(directory: &Path) -> Result<Self, Error> {
        let mut parameters = CertificateParams::default();
        parameters
            .distinguished_name
            .push(DnType::CommonName, "a cluster for tests");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate()?)?;
        let files = files(directory, "authority");
        write(&files.certificate, issuer.as_ref().pem())?;
        write_secret(&files.key, &issuer.key().serialize_pem())?;
        Ok(Self {
            issuer,
            directory: directory.to_owned(),
            files,
        })
    }

    /// The authority's own files.
    pub(crate) fn files(&self) -> &Files {
        &self.files
    }

    /// A certificate for a user of the API. Kubernetes reads the user's name and groups from it.
    pub(crate) fn user(&self, user: &str, groups: &[&str]) -> Result<Files, Error> {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, user);
        for group in groups {
            parameters.distinguished_name.push(DnType::OrganizationName, *group);
        }
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(parameters, &user.replace(':', "-"))
    }

    /// A certificate for a server with these host names or addresses.
    pub(crate) fn server(&self, server: &str, names: &[&str]) -> Result<Files, Error> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut parameters = CertificateParams::new(names)?;
        parameters.distinguished_name.push(DnType::CommonName, server);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(parameters, server)
    }

    fn sign(&self, mut parameters: CertificateParams, name: &str) -> Result<Files, Error> {
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate()?;
        let certificate = parameters.signed_by(&key, &self.issuer)?;
        let files = files(&self.directory, name);
        write(&files.certificate, certificate.pem())?;
        write_secret(&files.key, &key.serialize_pem())?;
        Ok(files)
    }
}

/// A key pair without a certificate, for signing and verifying the tokens of service accounts.
pub(crate) fn signing_key(directory: &Path, name: &str) -> Result<Pair, Error> {
    let key = KeyPair::generate()?;
    let pair = Pair {
        public: directory.join(format!("{name}.pub")),
        private: files(directory, name).key,
    };
    write(&pair.public, key.public_key_pem())?;
    write_secret(&pair.private, &key.serialize_pem())?;
    Ok(pair)
}

fn files(directory: &Path, name: &str) -> Files {
    Files {
        certificate: directory.join(format!("{name}.crt")),
        key: directory.join(format!("{name}.key")),
    }
}

/// Writes a file that only its owner can read.
fn write_secret(path: &Path, text: &str) -> Result<(), Error> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| {
            file.set_permissions(Permissions::from_mode(0o600))?;
            file.write_all(text.as_bytes())
        })
        .map_err(Error::io(format!("writing {}", path.display())))
}
