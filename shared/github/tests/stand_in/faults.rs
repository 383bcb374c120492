//! Packages that fail, vanish or change, and answers that are cut, compressed, slow or endless.

use std::{io::Read, time::Duration};

use github::stand_in::Fault;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{CLOCK, PACKAGE, client, get, start};

#[tokio::test]
async fn faults_with_a_status() {
    let stand_in = start().await;
    for (fault, status, text) in [
        ("404", 404, "<h1>404</h1>"),
        ("429", 429, "abuse detection"),
        ("429:120", 429, "secondary rate limit"),
        ("403", 403, "Whoa there!"),
        ("500", 500, "<h1>500</h1>"),
        ("503", 503, "<h1>503</h1>"),
        ("vanished", 404, "<h1>404</h1>"),
        ("login", 302, ""),
        ("label-renamed", 200, "Downloads overall"),
        ("title-dropped", 200, "Last published"),
        ("empty", 200, ""),
    ] {
        stand_in.set_fault("source-controller", fault.parse().unwrap(), Some(1));
        let response = client().get(stand_in.base_url() + PACKAGE).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{fault}");
        let retry_after = response
            .headers()
            .get("retry-after")
            .map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(retry_after.as_deref(), (fault == "429:120").then_some("120"));
        let location = response
            .headers()
            .get("location")
            .map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(
            location.is_some_and(|to| to.starts_with("/login?return_to=%2Ffluxcd")),
            fault == "login"
        );
        let page = response.text().await.unwrap();
        assert!(page.contains(text), "{fault}");
        assert!(
            !page.contains("tmp-mb-1\">Total downloads</span>\n            <h3 title"),
            "{fault}"
        );
        let (status, _) = get(&stand_in, PACKAGE).await;
        assert_eq!(status, 200, "{fault} was for one request only");
    }
}

#[tokio::test]
async fn a_vanished_package_is_not_listed_and_a_fallen_total_is_lower() {
    let stand_in = start().await;
    let list = "/orgs/fluxcd/packages?ecosystem=container&page=1";
    stand_in.set_fault("flagger", Fault::Vanished, None);
    assert!(!get(&stand_in, list).await.1.contains("title=\"flagger\""));
    stand_in.clear_faults();
    assert!(get(&stand_in, list).await.1.contains("title=\"flagger\""));

    stand_in.set_fault("source-controller", Fault::FallingTotal, None);
    let total = stand_in.organisation("fluxcd").unwrap().packages[0].total(CLOCK.parse().unwrap());
    assert!(
        get(&stand_in, PACKAGE)
            .await
            .1
            .contains(&format!("<h3 title=\"{}\">", total / 10 * 9))
    );
    stand_in.set_fault("source-controller", Fault::NoChart, None);
    let (_, page) = get(&stand_in, PACKAGE).await;
    assert!(page.contains(&format!("<h3 title=\"{total}\">")) && !page.contains("<rect\n"));
}

#[tokio::test]
async fn a_renamed_package_has_its_new_name_only() {
    let stand_in = start().await;
    let list = "/orgs/fluxcd/packages?ecosystem=container&page=1";
    let old = "/fluxcd/flagger/pkgs/container/flagger-manifests";
    let new = "/fluxcd/flagger/pkgs/container/manifests%2Fflagger";
    for (clock, found, missing) in [("2026-08-03T23:00:00Z", old, new), ("2026-08-04T01:00:00Z", new, old)] {
        stand_in.set_clock(clock.parse().unwrap());
        let (_, html) = get(&stand_in, list).await;
        let name = |path: &str| format!("title=\"{}\"", path.rsplit('/').next().unwrap().replace("%2F", "/"));
        assert!(html.contains(&name(found)) && !html.contains(&name(missing)), "{clock}");
        for (path, status) in [(found, 200), (missing, 404)] {
            assert_eq!(get(&stand_in, path).await.0, status, "{path} at {clock}");
            assert_eq!(
                get(&stand_in, &format!("{path}/versions")).await.0,
                status,
                "{path} at {clock}"
            );
        }
    }
}

#[tokio::test]
async fn bodies_are_cut() {
    let stand_in = start().await;
    for fault in [Fault::CutBody, Fault::CutChunked] {
        stand_in.set_fault("*", fault, Some(1));
        let mut response = client().get(stand_in.base_url() + PACKAGE).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.content_length().is_some(), fault == Fault::CutBody);
        let mut read = 0;
        let error = loop {
            match response.chunk().await {
                Ok(Some(chunk)) => read += chunk.len(),
                Ok(None) => panic!("{fault}: the body ended as if it were whole"),
                Err(error) => break error,
            }
        };
        assert!(read > 5_000, "{fault}: {read} bytes came before {error}");
    }
    stand_in.set_fault("*", Fault::Disconnect, Some(1));
    let mut stream = TcpStream::connect(stand_in.address()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    assert!(all.is_empty(), "{}", String::from_utf8_lossy(&all));
}

#[tokio::test]
async fn gzip_is_sent_if_it_is_accepted_or_as_a_fault() {
    let stand_in = start().await;
    let send = async |accept: Option<&str>| {
        let mut request = client().get(stand_in.base_url() + PACKAGE);
        if let Some(accept) = accept {
            request = request.header("accept-encoding", accept);
        }
        let response = request.send().await.unwrap();
        let packed = response
            .headers()
            .get("content-encoding")
            .is_some_and(|encoding| encoding == "gzip");
        (packed, response.bytes().await.unwrap())
    };
    let (packed, plain) = send(None).await;
    assert!(!packed);
    let unpack = |bytes: &[u8]| {
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(bytes).read_to_end(&mut text).map(|_| text)
    };
    let (packed, bytes) = send(Some("br, gzip")).await;
    assert!(packed && bytes.len() < plain.len());
    assert_eq!(unpack(&bytes).unwrap(), plain);

    stand_in.set_fault("source-controller", Fault::Gzip, None);
    let (packed, bytes) = send(None).await;
    assert!(packed);
    assert_eq!(unpack(&bytes).unwrap(), plain);
    stand_in.set_fault("source-controller", Fault::GzipCut, None);
    let (packed, bytes) = send(None).await;
    assert!(packed && unpack(&bytes).is_err());
    stand_in.set_fault("source-controller", Fault::GzipBomb, None);
    let (packed, bytes) = send(None).await;
    assert!(packed && bytes.len() < 4 << 20);
}

#[tokio::test]
async fn slow_and_endless_answers_end_with_the_server() {
    let stand_in = start().await;
    stand_in.set_fault("flux", Fault::SlowFirstByte(Duration::from_secs(3_600)), None);
    stand_in.set_fault("flagger", Fault::SlowBody(Duration::from_secs(3_600)), None);
    stand_in.set_fault("source-controller", Fault::Endless, None);
    let address = |name: &str| format!("{}/fluxcd/{name}/pkgs/container/{name}", stand_in.base_url());
    let silent = tokio::spawn(client().get(address("flux")).send());
    let mut slow = client().get(address("flagger")).send().await.unwrap();
    assert!(slow.content_length().unwrap() > 20_000);
    assert_eq!(slow.chunk().await.unwrap().unwrap().len(), 1_024);
    let mut endless = client().get(address("source-controller")).send().await.unwrap();
    let mut read = 0;
    while read < 10_000_000 {
        read += endless.chunk().await.unwrap().expect("it does not end").len();
    }
    stand_in.stop().await;
    assert!(slow.chunk().await.is_err());
    while let Ok(chunk) = endless.chunk().await {
        assert!(chunk.is_some(), "the endless body ended as if it were whole");
    }
    // The answer is late or missing, but the request ends.
    let _ = silent.await.unwrap();
}
