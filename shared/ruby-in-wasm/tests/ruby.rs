//! Tests of the library with the real Ruby.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};

use github::pages;
use ruby_in_wasm::{Compiler, Error, Host, Library, PackageError, RUBY, Ruby, Start};
use wasm::compiled_code::Store as CompiledCode;
use wasmer::Module;

static HOST: LazyLock<Host> = LazyLock::new(|| Host::new(Compiler::DEFAULT).unwrap());

/// A started Ruby. Without npm or a network, prints that the test is skipped, and returns `None`.
fn ruby(start: Start) -> Option<Ruby<'static>> {
    static MODULE: LazyLock<Option<Module>> = LazyLock::new(|| match RUBY.read() {
        Ok(wasm) => Some(HOST.load(&CompiledCode::default_location(), &wasm).unwrap()),
        Err(error @ (PackageError::NoNpm { .. } | PackageError::Npm { .. })) => {
            eprintln!("SKIPPED, nothing of Ruby in Wasm is tested: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    });
    Some(HOST.start(MODULE.as_ref()?, start).unwrap())
}

/// The output of Ruby.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn code_has_a_value_and_definitions_persist() {
    let Some(mut ruby) = ruby(Start::default()) else { return };
    assert_eq!(ruby.eval("RUBY_VERSION").unwrap().split('.').next(), Some("3"));
    assert_eq!(ruby.eval("def twice(number) = number * 2").unwrap(), "twice");
    assert_eq!(ruby.eval("twice(21)").unwrap(), "42");
    assert_eq!(ruby.eval("nil").unwrap(), "");
    assert_eq!(
        ruby.eval("['Grüße'.size, 'Grüße'.encoding]").unwrap(),
        "[5, #<Encoding:UTF-8>]"
    );
    assert_eq!(ruby.eval(r#""a\xff".b"#).unwrap(), "a\u{fffd}");
    assert_eq!(ruby.eval("'x' * 1_000_000").unwrap().len(), 1_000_000);
    assert_eq!(ruby.eval("Fiber.new { 7 }.resume").unwrap(), "7");
    assert_eq!(
        ruby.eval(r#"require "json"; JSON.generate({ a: 1 })"#).unwrap(),
        r#"{"a":1}"#
    );
    assert_eq!(
        ruby.eval(&format!("{:?}.size", "x".repeat(1_000_000))).unwrap(),
        "1000000"
    );
}

#[test]
fn streams_go_through_the_host() {
    let (stdout, stderr) = (Written::default(), Written::default());
    let start = Start {
        stdin: Box::new("first\nsecond".as_bytes()),
        stdout: Box::new(stdout.clone()),
        stderr: Box::new(stderr.clone()),
        files: Vec::new(),
    };
    let Some(mut ruby) = ruby(start) else { return };
    ruby.eval("$stdout.sync = true").unwrap();
    let hello = ruby.function("-> { puts 'Hello World from WebAssembly!' }").unwrap();
    ruby.call(hello).unwrap();
    ruby.call(hello).unwrap();
    assert_eq!(stdout.text(), "Hello World from WebAssembly!\n".repeat(2));
    assert_eq!(stderr.text(), "");
    ruby.eval("warn 'oh'").unwrap();
    assert_eq!(stderr.text(), "oh\n");
    assert_eq!(
        ruby.eval("[gets, gets, gets].inspect").unwrap(),
        r#"["first\n", "second", nil]"#
    );
    ruby.eval("$stdout.sync = false; print 'kept'").unwrap();
    ruby.flush().unwrap();
    assert!(stdout.text().ends_with("kept"));
}

#[test]
fn an_exception_has_its_class_and_message_and_ends_only_its_code() {
    let Some(mut ruby) = ruby(Start::default()) else { return };
    for (code, class, message) in [
        ("raise 'oh'", "RuntimeError", "oh"),
        ("1 +", "SyntaxError", "unexpected end-of-input"),
        ("break", "SyntaxError", "Invalid break"),
        ("throw :nothing", "UncaughtThrowError", "uncaught throw"),
        ("def deep = deep; deep", "SystemStackError", "stack level too deep"),
        (
            "loop { (@all ||= []) << 'x' * 10_000_000 }",
            "NoMemoryError",
            "failed to allocate",
        ),
        ("@all = nil; Class.new { def to_s = 1 }.new", "TypeError", "to_s"),
        ("BasicObject.new", "TypeError", "BasicObject"),
        ("Thread.new { 1 }", "NotImplementedError", "unimplemented"),
        ("fork", "NotImplementedError", "unimplemented"),
        ("require 'socket'", "LoadError", "socket"),
        ("File.read('/etc/passwd')", "Errno::", "/etc/passwd"),
        (
            "class Odd < StandardError; def message = raise; end; raise Odd",
            "Odd",
            "",
        ),
        ("raise Class.new(Exception), 'unnamed'", "#<Class:", "unnamed"),
    ] {
        match ruby.eval(code) {
            Err(Error::Raised(exception)) => {
                assert!(exception.class.starts_with(class), "{code}: {exception:?}");
                assert!(exception.message.contains(message), "{code}: {exception:?}");
            }
            other => panic!("{code}: {other:?}"),
        }
        assert_eq!(ruby.eval("1 + 1").unwrap(), "2", "after {code}");
    }
    assert!(matches!(ruby.eval("exit 3"), Err(Error::Exit(3))));
    assert!(matches!(ruby.eval("exit"), Err(Error::Exit(0))));
    assert!(matches!(ruby.eval("return 1"), Err(Error::Jump(_))));
    assert!(matches!(ruby.eval("1\0 + 1"), Err(Error::ZeroByte(1))));
    assert_eq!(ruby.eval("1 + 1").unwrap(), "2");
}

#[test]
fn a_call_of_javascript_stops_ruby_with_an_error() {
    let Some(mut ruby) = ruby(Start::default()) else { return };
    match ruby.eval("require 'js'; JS.eval('return 1')") {
        Err(Error::Stopped(why)) => assert!(why.contains("this host does not have"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(ruby.eval("1"), Err(Error::AlreadyStopped)));
}

#[test]
fn exit_with_an_exclamation_mark_ends_ruby() {
    let Some(mut ruby) = ruby(Start::default()) else { return };
    assert!(matches!(ruby.eval("exit! 4"), Err(Error::Exit(4))));
    assert!(matches!(ruby.eval("1"), Err(Error::AlreadyStopped)));
}

#[test]
fn files_can_be_read_and_not_changed() {
    let files = [("/own.txt", "one"), ("/deep/er/own.txt", "Grüße")]
        .map(|(path, text)| (PathBuf::from(path), text.as_bytes().to_vec()));
    let start = Start {
        files: files.to_vec(),
        ..Start::default()
    };
    let Some(mut ruby) = ruby(start) else { return };
    assert_eq!(ruby.eval("File.read('/own.txt')").unwrap(), "one");
    assert_eq!(ruby.eval("File.read('/deep/er/own.txt')").unwrap(), "Grüße");
    for code in ["File.write('/own.txt', 'two')", "File.write('/deep/new.txt', 'two')"] {
        assert!(matches!(ruby.eval(code), Err(Error::Raised(_))), "{code}");
    }
    assert_eq!(ruby.eval("File.read('/own.txt')").unwrap(), "one");
}

/// Reads the total and the bars of a page with HTree.
const COUNT: &str = r#"
  page = HTree.parse(File.read("/page.html"))
  labelled = total = nil
  page.traverse_element("{http://www.w3.org/1999/xhtml}span", "{http://www.w3.org/1999/xhtml}h3") do |element|
    labelled ||= element.extract_text.to_s.strip == "Total downloads"
    total ||= labelled && element.get_attr("title")
  end
  bars = []
  page.traverse_element("{http://www.w3.org/2000/svg}rect") do |bar|
    count = bar.get_attr("data-merge-count")
    bars << [bar.get_attr("data-date"), Integer(count)] if count
  end
  [total, bars].inspect
"#;

#[test]
fn htree_reads_a_page() {
    let Some(library) = Library::find("htree") else {
        eprintln!("SKIPPED, no pure-Ruby parser is tested: this machine's Ruby has no HTree (Debian: ruby-htree)");
        return;
    };
    let page = pages::PackagePage {
        total: 14_360,
        ..Default::default()
    };
    let mut files = library.into_files();
    files.push(("/page.html".into(), page.render().into_bytes()));
    let start = Start {
        files,
        ..Start::default()
    };
    let Some(mut ruby) = ruby(start) else { return };
    ruby.eval(&format!("$LOAD_PATH.unshift {:?}", Library::DIRECTORY))
        .unwrap();
    ruby.eval(Library::HTREE_COMPATIBILITY).unwrap();
    ruby.eval("require 'htree'").unwrap();
    let bars: Vec<String> = page
        .daily
        .iter()
        .map(|(date, count)| format!("[{date:?}, {count}]"))
        .collect();
    assert_eq!(bars.len(), 30);
    assert_eq!(ruby.eval(COUNT).unwrap(), format!("[\"14360\", [{}]]", bars.join(", ")));
}
