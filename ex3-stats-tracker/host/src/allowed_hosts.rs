//! `allowed_outbound_hosts`: the servers to which a component may send requests.
//!
//! An entry is `scheme://host[:port]`, as in Spin. The scheme is a word, or `*` for any. The host is a name, an
//! address, `*` for any, `*.name` for subdomains, or a network such as `10.0.0.0/8`. The port is a number, `*` for any,
//! or a half-open range such as `8000..9000`; the default is the scheme's port.

use std::net::IpAddr;
use std::ops::Range;

use http::Uri;

use super::outbound::is_this_machine;

/// The allowed hosts of a component.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AllowedHosts {
    entries: Vec<AllowedHost>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
struct AllowedHost {
    /// `None` for any.
    scheme: Option<String>,
    host: Host,
    /// `None` for any.
    ports: Option<Range<u32>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    Any,
    Name(String),
    /// The suffix of subdomains, with its dot: `.example.com`.
    Subdomains(String),
    Network(Network),
}

/// The addresses with the same first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    fixed_bits: u32,
}

impl AllowedHosts {
    /// The error is the fault of an entry with the next step, as text.
    pub(super) fn parse(entries: &[String]) -> Result<Self, String> {
        let entries = entries
            .iter()
            .map(|entry| AllowedHost::parse(entry))
            .collect::<Result<_, _>>()?;
        Ok(Self { entries })
    }

    /// Whether a server on another machine is allowed by TLS.
    pub(super) fn leave_this_machine(&self) -> bool {
        self.entries.iter().any(|entry| {
            let tls = entry.scheme.as_deref().is_none_or(|scheme| scheme == "https");
            let local = match &entry.host {
                Host::Name(name) => is_this_machine(name),
                Host::Network(network) => is_this_machine(&network.address.to_string()),
                Host::Any | Host::Subdomains(_) => false,
            };
            tls && !local
        })
    }

    /// Whether a request to this URI is allowed. A URI without a host is not.
    pub(super) fn allows(&self, uri: &Uri) -> bool {
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
            return false;
        };
        let Some(port) = uri.port_u16().or_else(|| default_port(scheme)) else {
            return false;
        };
        let host = host.to_ascii_lowercase();
        self.entries.iter().any(|entry| {
            entry.scheme.as_deref().is_none_or(|allowed| allowed == scheme)
                && entry.host.allows(&host)
                && entry
                    .ports
                    .as_ref()
                    .is_none_or(|ports| ports.contains(&u32::from(port)))
        })
    }
}

impl AllowedHost {
    fn parse(entry: &str) -> Result<Self, String> {
        let problem = |what: &str| Err(format!("`{entry}` {what}; write it as scheme://host[:port]"));
        let Some((scheme, rest)) = entry.trim().split_once("://") else {
            return problem("has no scheme");
        };
        if scheme != "*" && (scheme.is_empty() || !scheme.bytes().all(|byte| byte.is_ascii_alphabetic())) {
            return problem("has a scheme that is not a word");
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        // An IPv6 address with its colons is in brackets, so that the port's colon is the last one after them.
        let after_brackets = rest.rfind(']').map_or(0, |index| index + 1);
        let (host, port) = match rest[after_brackets..].rfind(':') {
            Some(index) => (
                &rest[..after_brackets + index],
                Some(&rest[after_brackets + index + 1..]),
            ),
            None => (rest, None),
        };
        let host = match Host::parse(host) {
            Ok(host) => host,
            Err(what) => return problem(what),
        };
        let ports = match port {
            Some("*") => None,
            Some(port) => match parse_ports(port) {
                Some(ports) => Some(ports),
                None => return problem("has a port that is neither a number, nor `*`, nor a range such as 8000..9000"),
            },
            None => match default_port(scheme) {
                Some(port) => Some(u32::from(port)..u32::from(port) + 1),
                None => return problem("has no port, and its scheme has no default"),
            },
        };
        Ok(Self {
            scheme: (scheme != "*").then(|| scheme.to_ascii_lowercase()),
            host,
            ports,
        })
    }
}

impl Host {
    fn parse(host: &str) -> Result<Self, &'static str> {
        if host == "*" {
            return Ok(Self::Any);
        }
        if let Some(network) = Network::parse(host) {
            return Ok(Self::Network(network));
        }
        let host = host.to_ascii_lowercase();
        if host == "self" || host == "self.alt" || host == "spin.internal" || host.ends_with(".spin.internal") {
            return Err("asks for requests between components, which this host does not route");
        }
        let (name, subdomains) = match host.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (host.as_str(), false),
        };
        if name.is_empty() {
            return Err("has no host");
        }
        if name.contains('*') {
            return Err("has a `*` that is neither the whole host nor its first label");
        }
        if name.contains(['/', '?', '#', '@', '{', '}', ' ', '\\']) {
            return Err("has more than a host");
        }
        Ok(if subdomains {
            Self::Subdomains(format!(".{name}"))
        } else {
            Self::Name(name.to_owned())
        })
    }

    fn allows(&self, host: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Name(name) => name == host,
            Self::Subdomains(suffix) => host.ends_with(suffix),
            Self::Network(network) => parse_address(host).is_some_and(|address| network.contains(address)),
        }
    }
}

impl Network {
    /// An address without a number of bits is a network of one address.
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (parse_address(address)?, Some(bits.parse().ok()?)),
            None => (parse_address(text)?, None),
        };
        let all = if address.is_ipv4() { 32 } else { 128 };
        let fixed_bits = bits.unwrap_or(all);
        (fixed_bits <= all).then_some(Self { address, fixed_bits })
    }

    fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let free = 32 - self.fixed_bits;
                u32::from(network).checked_shr(free) == u32::from(address).checked_shr(free)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let free = 128 - self.fixed_bits;
                u128::from(network).checked_shr(free) == u128::from(address).checked_shr(free)
            }
            _ => false,
        }
    }
}

/// An address in the syntax of a URL: IPv6 in brackets.
fn parse_address(text: &str) -> Option<IpAddr> {
    match text.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?.parse().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

fn parse_ports(text: &str) -> Option<Range<u32>> {
    let port = |text: &str| text.parse::<u16>().ok().map(u32::from);
    match text.split_once("..") {
        Some((start, end)) => Some(port(start)?..port(end)?),
        None => port(text).map(|port| port..port + 1),
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(entry: &str, uri: &str) -> bool {
        AllowedHosts::parse(&[entry.to_owned()])
            .unwrap()
            .allows(&uri.parse().unwrap())
    }

    #[test]
    fn an_entry_allows_only_its_own_requests() {
        for (entry, allowed, denied) in [
            (
                "https://github.com",
                &[
                    "https://github.com",
                    "https://github.com:443/a/b?c",
                    "https://GitHub.com/",
                ][..],
                &[
                    "http://github.com",
                    "https://github.com:444",
                    "https://www.github.com",
                    "https://github.com.evil.example",
                    "https://evilgithub.com",
                    "https://github.com@evil.example",
                    "http://github.com:443",
                ][..],
            ),
            ("https://github.com/", &["https://github.com"], &["http://github.com"]),
            (
                "http://127.0.0.1:4000",
                &["http://127.0.0.1:4000/x"],
                &["http://127.0.0.1", "http://127.0.0.2:4000"],
            ),
            (
                "http://localhost:*",
                &["http://localhost", "http://localhost:1"],
                &["http://127.0.0.1:1"],
            ),
            (
                "http://localhost:10..12",
                &["http://localhost:10", "http://localhost:11"],
                &["http://localhost:12"],
            ),
            (
                "*://a.example:80",
                &["http://a.example", "https://a.example:80"],
                &["https://a.example"],
            ),
            (
                "https://*.github.com",
                &["https://api.github.com", "https://a.b.github.com"],
                &["https://github.com", "https://evilgithub.com"],
            ),
            (
                "https://*",
                &["https://any.example"],
                &["http://any.example", "https://any.example:8443"],
            ),
            ("*://*:*", &["http://a.example:1", "https://[::1]:2"], &["/relative"]),
            (
                "http://10.0.0.0/8:*",
                &["http://10.9.8.7:6"],
                &["http://11.0.0.1:6", "http://ten.example:6"],
            ),
            (
                "http://[::1]:8080",
                &["http://[::1]:8080"],
                &["http://[::2]:8080", "http://[::1]"],
            ),
            (
                "http://[fe80::]/10:*",
                &["http://[fe80::1]:5"],
                &["http://[fc00::1]:5", "http://10.0.0.1:5"],
            ),
            ("http://0.0.0.0/0:*", &["http://1.2.3.4"], &["http://[::1]"]),
        ] {
            for uri in allowed {
                assert!(allows(entry, uri), "{entry} should allow {uri}");
            }
            for uri in denied {
                assert!(!allows(entry, uri), "{entry} should deny {uri}");
            }
        }
        assert!(!AllowedHosts::default().allows(&Uri::from_static("https://github.com")));
    }

    #[test]
    fn servers_on_this_machine_are_recognised() {
        let leaves = |entry: &str| AllowedHosts::parse(&[entry.to_owned()]).unwrap().leave_this_machine();
        for entry in [
            "https://github.com",
            "*://*:*",
            "https://*.localhost.example",
            "https://10.0.0.0/8",
        ] {
            assert!(leaves(entry), "{entry}");
        }
        for entry in [
            "http://github.com",
            "https://localhost:4000",
            "https://127.0.0.1:1",
            "https://[::1]:1",
        ] {
            assert!(!leaves(entry), "{entry}");
        }
    }

    #[test]
    fn a_malformed_entry_is_refused() {
        for entry in [
            "",
            "*",
            "github.com",
            "://github.com",
            "https://",
            "https://github.com/path",
            "https://github.com:port",
            "https://github.com:70000",
            "https://github.com:1..b",
            "https://git*hub.com",
            "https://*.*.com",
            "https://user@github.com",
            "https://{a,b}.com",
            "ftp://github.com",
            "*://github.com",
            "http://10.0.0.0/33",
            "http://self",
            "http://other.spin.internal",
            "insecure:allow-all",
        ] {
            let problem = AllowedHosts::parse(&[entry.to_owned()]).expect_err(entry);
            assert!(problem.starts_with(&format!("`{entry}` ")), "{problem}");
        }
    }
}
