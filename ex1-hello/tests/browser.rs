//! The page in a real browser: headless Chromium, driven by chromedriver.
//!
//! Without Chromium the tests are skipped with a message on stderr. If all software is required (CI, or
//! STATS_TRACKER_REQUIRE_ALL=1), they fail instead.

mod common;

use std::env;
use std::future::Future;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::Serving;
use ex1_hello::serve::{Server, Site};
use serde_json::{Value, json};
use system::ports::free_port;
use thirtyfour::prelude::*;
use thirtyfour::{ChromeCapabilities, LoggingPrefsLogLevel};

/// The time limit for the page to show the line or an error.
const TIMEOUT: Duration = Duration::from_secs(60);

const CHROMIUM_ARGUMENTS: [&str; 8] = [
    "--headless=new",
    // Chromium's sandbox does not start for root, which tests in containers are. Only this project's page is loaded.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// chromedriver on a free port. It is killed when this is dropped.
struct Chromedriver {
    process: Child,
    url: String,
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        // The process can have ended already.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

fn on_the_path(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}

/// The paths of the two programs. If one is missing, prints that the test is skipped.
fn chromium_and_chromedriver() -> Option<(PathBuf, PathBuf)> {
    let chromium = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find_map(on_the_path);
    let found = chromium.zip(on_the_path("chromedriver"));
    if found.is_none() {
        let required = env::var_os("CI").is_some() || env::var("STATS_TRACKER_REQUIRE_ALL").is_ok_and(|all| all == "1");
        assert!(
            !required,
            "chromium and chromedriver are not on the PATH: apt-get install chromium chromium-driver"
        );
        eprintln!("SKIPPED: the page is not tested in a browser, because chromium and chromedriver are not installed");
    }
    found
}

/// The number of ports that chromedriver is started on. If all are in use, there is another problem than bad luck.
const CHROMEDRIVER_ATTEMPTS: usize = 5;

fn start_chromedriver(program: &Path) -> Chromedriver {
    (0..CHROMEDRIVER_ATTEMPTS)
        .find_map(|_| start_chromedriver_on(program, free_port().unwrap()))
        .expect("chromedriver starts")
}

/// Starts chromedriver, which needs the port on 127.0.0.1 and on ::1. Returns `None` if it ends, as it does when the port
/// is in use on one of them.
fn start_chromedriver_on(program: &Path, port: u16) -> Option<Chromedriver> {
    let process = Command::new(program)
        .arg(format!("--port={port}"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut chromedriver = Chromedriver {
        process,
        url: format!("http://127.0.0.1:{port}"),
    };
    let mut lines = BufReader::new(chromedriver.process.stdout.take().unwrap()).lines();
    if !lines.any(|line| line.unwrap().contains("started successfully")) {
        return None;
    }
    // The rest of its output must be read, because it would block on a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
    Some(chromedriver)
}

/// Runs a test in a browser with a new profile. The browser is closed also if the test fails.
async fn in_browser<T, F>(test: T)
where
    T: FnOnce(WebDriver) -> F,
    F: Future<Output = WebDriverResult<()>> + Send + 'static,
{
    let Some((chromium, chromedriver)) = chromium_and_chromedriver() else {
        return;
    };
    let chromedriver = start_chromedriver(&chromedriver);
    let profile = tempfile::tempdir().unwrap();
    let mut capabilities = ChromeCapabilities::new();
    capabilities.set_binary(chromium.to_str().unwrap()).unwrap();
    capabilities.set_browser_log_level(LoggingPrefsLogLevel::All).unwrap();
    for argument in CHROMIUM_ARGUMENTS {
        capabilities.add_arg(argument).unwrap();
    }
    capabilities
        .add_arg(&format!("--user-data-dir={}", profile.path().display()))
        .unwrap();

    let driver = WebDriver::new(&chromedriver.url, capabilities).await.unwrap();
    let outcome = tokio::spawn(test(driver.clone())).await;
    driver.quit().await.unwrap();
    outcome.unwrap().unwrap();
}

/// Waits for the page's result, and returns its line and its error, each if it is shown.
async fn outcome(driver: &WebDriver) -> WebDriverResult<(Option<String>, Option<String>)> {
    let times = driver.find(By::Id("times")).await?;
    let failure = driver.find(By::Id("failure")).await?;
    let started = std::time::Instant::now();
    while !times.is_displayed().await? && !failure.is_displayed().await? {
        assert!(
            started.elapsed() < TIMEOUT,
            "the page shows neither times nor a failure"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let line = driver.find(By::Id("line")).await?;
    let shown = async |element: WebElement| -> WebDriverResult<Option<String>> {
        Ok(if element.is_displayed().await? {
            Some(element.text().await?)
        } else {
            None
        })
    };
    Ok((shown(line).await?, shown(failure).await?))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_the_line_and_its_times() {
    in_browser(|driver| async move {
        let serving = Serving::start();
        driver.goto(&serving.url).await?;
        let (line, failure) = outcome(&driver).await?;
        assert_eq!(line.as_deref(), Some("Hello World from WebAssembly!"));
        assert_eq!(failure, None);

        for step in ["fetch", "compile", "instantiate", "call", "again"] {
            let time = driver.find(By::Id(step)).await?.text().await?;
            let is_time = time == "less than the clock shows"
                || time
                    .strip_suffix(" ms")
                    .or(time.strip_suffix(" µs"))
                    .is_some_and(|number| number.parse::<f64>().is_ok_and(|number| number > 0.0));
            assert!(is_time, "{step}: {time:?}");
        }
        // Ten thousand calls take longer than a step of any clock.
        assert_ne!(
            driver.find(By::Id("again")).await?.text().await?,
            "less than the clock shows"
        );
        let size = wat::parse_str(ex1_hello::source::HELLO_WAT).unwrap().len();
        assert_eq!(driver.find(By::Id("size")).await?.text().await?, size.to_string());

        let log = driver.browser_log().await?;
        let messages: Vec<_> = log.iter().map(|entry| (&*entry.level, &*entry.message)).collect();
        assert!(
            matches!(messages[..], [("INFO", message)] if message.contains("Hello World from WebAssembly!")),
            "{messages:?}"
        );

        // The page is isolated from other windows, so that its clock is the fine one. All resources are this server's.
        let isolated = driver.execute("return crossOriginIsolated", []).await?;
        assert_eq!(isolated.json(), &json!(true));
        let loaded = driver
            .execute(
                "return performance.getEntriesByType('resource').map((entry) => entry.name)",
                [],
            )
            .await?;
        let loaded: Vec<String> = loaded.convert()?;
        assert!(
            loaded.iter().any(|address| address.ends_with("/hello.wasm")),
            "{loaded:?}"
        );
        for address in loaded.iter().filter(|address| !address.starts_with("data:")) {
            assert!(address.starts_with(&serving.url), "{address}");
        }
        picture(&driver, "page-light.png").await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_light_and_dark_and_fits_a_phone() {
    in_browser(|driver| async move {
        let serving = Serving::start();
        let developer_tools = driver.cdp();
        for (scheme, dark) in [("light", false), ("dark", true)] {
            let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
            developer_tools.send_raw("Emulation.setEmulatedMedia", media).await?;
            driver.goto(&serving.url).await?;
            outcome(&driver).await?;
            let colours = driver
                .execute(
                    "const style = getComputedStyle(document.body); return [style.color, style.backgroundColor]",
                    [],
                )
                .await?;
            let [text, ground]: [String; 2] = colours.convert()?;
            assert_eq!(
                brightness(&ground) < brightness(&text),
                dark,
                "{scheme}: {text} on {ground}"
            );
        }
        let phone = json!({ "width": 320, "height": 640, "deviceScaleFactor": 1, "mobile": true });
        developer_tools
            .send_raw("Emulation.setDeviceMetricsOverride", phone)
            .await?;
        let overflows = driver
            .execute(
                "return document.documentElement.scrollWidth > document.documentElement.clientWidth",
                [],
            )
            .await?;
        assert_eq!(overflows.json(), &Value::Bool(false));
        picture(&driver, "page-dark-phone.png").await
    })
    .await;
}

/// The sum of the three numbers in `rgb(r, g, b)`.
fn brightness(colour: &str) -> u32 {
    let numbers = colour
        .strip_prefix("rgb(")
        .and_then(|colour| colour.strip_suffix(')'))
        .unwrap();
    numbers.split(", ").map(|number| number.parse::<u32>().unwrap()).sum()
}

/// Saves a screenshot in cargo's directory for the files of tests.
async fn picture(driver: &WebDriver, name: &str) -> WebDriverResult<()> {
    driver
        .screenshot(&PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name))
        .await
}

/// The error that the page shows for another `hello.wasm`, or for a missing one.
async fn failure_with(module: Option<&str>) -> Option<String> {
    let mut site = Site::hello().unwrap();
    match module {
        Some(text) => {
            let file = site.files.iter_mut().find(|file| file.path == "/hello.wasm").unwrap();
            // Bytes that are no text are served unchanged.
            file.contents = wat::parse_str(text).unwrap_or_else(|_| text.into()).into();
        }
        None => site.files.retain(|file| file.path != "/hello.wasm"),
    }
    let (sender, receiver) = std::sync::mpsc::channel();
    in_browser(|driver| async move {
        let server = Server::bind(0).await.unwrap();
        let url = format!("http://{}/", server.address());
        tokio::spawn(server.run(site, std::future::pending()));
        driver.goto(url).await?;
        let (line, failure) = outcome(&driver).await?;
        assert_eq!(line, None, "no line is shown beside a failure");
        sender.send(failure.unwrap()).unwrap();
        Ok(())
    })
    .await;
    receiver.try_recv().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_the_error() {
    const IMPORTS: &str = r#"(import "console" "log" (func $log (param i32 i32))) (import "js" "mem" (memory 1))"#;
    for (module, says) in [
        (None, "the server answered 404"),
        (Some("not a module".to_owned()), "WebAssembly.compile()"),
        (Some(r#"(module (import "env" "exec" (func)))"#.to_owned()), "env"),
        (Some(format!("(module {IMPORTS})")), "helloWorld"),
        (
            Some(format!(
                r#"(module {IMPORTS} (func (export "helloWorld") (call $log (i32.const -1) (i32.const 1))))"#
            )),
            "passed 1 bytes at offset 4294967295, and its memory has 65536",
        ),
    ] {
        // `None` without a browser: the test is skipped.
        if let Some(failure) = failure_with(module.as_deref()).await {
            assert!(failure.starts_with("hello.wasm did not run: "), "{failure}");
            assert!(failure.contains(says), "{failure}");
        }
    }
}
