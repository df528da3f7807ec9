//! Real services for tests: Pebble (an ACME CA) and nginx, on loopback, killed when dropped.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Folder, openssl};

/// A process that ends with its owner.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    /// Starts it with its output in a file, and waits until it takes connections on a port.
    fn start(command: &mut Command, log: &Path, port: u16) -> Result<Self, String> {
        let file = fs::File::create(log).unwrap();
        let spawned = command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file).spawn();
        let mut process =
            Self(spawned.unwrap_or_else(|e| panic!("{command:?} is needed for this test: {e}")));
        let since = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let ended = process.0.try_wait().unwrap().is_some();
            if ended || since.elapsed() > Duration::from_secs(60) {
                return Err(format!("{command:?}: {}", fs::read_to_string(log).unwrap_or_default()));
            }
            sleep(Duration::from_millis(20));
        }
        Ok(process)
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Pebble, which says yes to every challenge.
pub struct Pebble {
    _process: Process,
    folder: Folder,
    acme: u16,
    management: u16,
}

impl Pebble {
    pub fn start() -> Self {
        Self::refusing_nonces(0)
    }

    /// One that refuses so many of a hundred nonces: every client has to try again, and some give up soon.
    pub fn refusing_nonces(percent: u8) -> Self {
        let folder = Folder::new();
        let at = |name: &str| folder.at(name);
        let (ca, ca_key, key, request, certificate) =
            (at("minica.pem"), at("minica.key"), at("pebble.key"), at("pebble.csr"), at("pebble.crt"));
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let root = [
            "req",
            "-x509",
            "-days",
            "30",
            "-subj",
            "/CN=pebble test root",
            "-addext",
            "basicConstraints=critical,CA:TRUE",
        ];
        openssl(&[&root[..], &curve, &["-keyout", &ca_key, "-out", &ca]].concat(), b"").unwrap();
        openssl(
            &[&["req", "-subj", "/CN=localhost"][..], &curve, &["-keyout", &key, "-out", &request]].concat(),
            b"",
        )
        .unwrap();
        folder.write("extensions", "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n");
        let sign = [
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            &ca,
            "-CAkey",
            &ca_key,
            "-set_serial",
            "1",
            "-days",
            "30",
        ];
        openssl(&[&sign[..], &["-extfile", &at("extensions"), "-out", &certificate]].concat(), b"").unwrap();
        // A port can be taken between asking for it and using it: then others are tried.
        let mut last = String::new();
        for _ in 0..5 {
            let (acme, management) = (free_port(), free_port());
            let config = serde_json::json!({"pebble": {
                "listenAddress": format!("127.0.0.1:{acme}"), "managementListenAddress": format!("127.0.0.1:{management}"),
                "certificate": certificate, "privateKey": key, "httpPort": free_port(), "tlsPort": free_port(), "ocspResponderURL": "",
                "externalAccountBindingRequired": false, "certificateValidityPeriod": 7_776_000,
            }});
            folder.write("config.json", config.to_string());
            let mut command = Command::new("pebble");
            command.args(["-strict", "-config", &folder.at("config.json")]).current_dir(folder.path());
            command
                .env("PEBBLE_VA_ALWAYS_VALID", "1")
                .env("PEBBLE_VA_NOSLEEP", "1")
                .env("PEBBLE_WFE_NONCEREJECT", percent.to_string());
            match Process::start(&mut command, &folder.path().join("pebble.log"), acme) {
                Ok(process) => return Self { _process: process, folder, acme, management },
                Err(says) => last = says,
            }
        }
        panic!("{last}");
    }

    /// Where clients begin.
    pub fn directory(&self) -> String {
        format!("https://127.0.0.1:{}/dir", self.acme)
    }

    /// The certificate that its own TLS hangs below.
    pub fn tls_root(&self) -> String {
        self.folder.at("minica.pem")
    }

    /// The root of what it issues, PEM.
    pub fn root(&self) -> String {
        let script = "import ssl, sys, urllib.request as u\n\
                      o = u.build_opener(u.ProxyHandler({}), u.HTTPSHandler(context=ssl.create_default_context(cafile=sys.argv[2])))\n\
                      sys.stdout.write(o.open(sys.argv[1]).read().decode())\n";
        let url = format!("https://127.0.0.1:{}/roots/0", self.management);
        let output = Command::new("python3").args(["-c", script, &url, &self.tls_root()]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Has `certbot` get a certificate for a request; the chain, the certificate first.
    pub fn certbot(&self, request: &Path, to: &Folder) -> String {
        let at = |name: &str| to.at(name);
        let port = free_port().to_string();
        let mut command = Command::new("certbot");
        command
            .env("REQUESTS_CA_BUNDLE", self.tls_root())
            .env("NO_PROXY", "127.0.0.1")
            .args(["certonly", "--csr"])
            .arg(request);
        command.args([
            "--server",
            &self.directory(),
            "--config-dir",
            &at("config"),
            "--work-dir",
            &at("work"),
            "--logs-dir",
            &at("logs"),
        ]);
        command.args(["--non-interactive", "--agree-tos", "--register-unsafely-without-email"]);
        command.args(["--standalone", "--http-01-address", "127.0.0.1", "--http-01-port", &port]);
        command.args([
            "--cert-path",
            &at("cert.pem"),
            "--chain-path",
            &at("chain.pem"),
            "--fullchain-path",
            &at("fullchain.pem"),
        ]);
        succeed(&mut command);
        to.text("fullchain.pem")
    }

    /// The same with `lego`.
    pub fn lego(&self, request: &Path, to: &Folder) -> String {
        let port = format!("127.0.0.1:{}", free_port());
        let mut command = Command::new("lego");
        command.env("LEGO_CA_CERTIFICATES", self.tls_root()).env("NO_PROXY", "127.0.0.1");
        command.args([
            "--server",
            &self.directory(),
            "--accept-tos",
            "--email",
            "ada@example.test",
            "--path",
            &to.at("lego"),
            "--csr",
        ]);
        command.arg(request).args(["--http", "--http.port", &port, "run"]);
        succeed(&mut command);
        let found: Vec<PathBuf> =
            fs::read_dir(to.path().join("lego/certificates")).unwrap().map(|e| e.unwrap().path()).collect();
        let issued = found
            .iter()
            .find(|p| p.extension().is_some_and(|e| e == "crt") && !p.to_string_lossy().contains("issuer"))
            .unwrap();
        fs::read_to_string(issued).unwrap()
    }
}

fn succeed(command: &mut Command) {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|e| panic!("{command:?} is needed for this test: {e}"));
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    assert!(output.status.success(), "{command:?}: {} {}", text(&output.stdout), text(&output.stderr));
}

/// nginx with one `server` block, as whoever runs the test.
pub struct Nginx {
    _process: Process,
    _folder: Folder,
    pub port: u16,
}

impl Nginx {
    /// `server` is a block that listens on 443; another port takes its place.
    pub fn start(server: &str) -> Self {
        let folder = Folder::new();
        let at = folder.path().display().to_string();
        let mut last = String::new();
        for _ in 0..5 {
            let port = free_port();
            let server = server.replace("listen 443 ssl;", &format!("listen 127.0.0.1:{port} ssl;"));
            assert!(server.contains(&port.to_string()), "{server}");
            let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                .iter()
                .map(|p| format!("{p}_temp_path {at}/{p};\n"))
                .collect();
            folder.write(
                "main.conf",
                format!(
                    "daemon off;\nmaster_process off;\npid {at}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{paths}{server}}}\n"
                ),
            );
            let mut command = Command::new("nginx");
            command.args(["-e", "stderr", "-p", &at, "-c", &folder.at("main.conf")]);
            match Process::start(&mut command, &folder.path().join("log"), port) {
                Ok(process) => return Self { _process: process, _folder: folder, port },
                Err(says) => last = says,
            }
        }
        panic!("{last}");
    }

    /// What `openssl s_client` says of a host behind it; it ends in failure if the chain does not verify
    /// against the root.
    pub fn verified(&self, host: &str, root: &str) -> Result<String, String> {
        let to = format!("127.0.0.1:{}", self.port);
        let ask = [
            "s_client",
            "-connect",
            &to,
            "-servername",
            host,
            "-verify_hostname",
            host,
            "-verify_return_error",
            "-CAfile",
            root,
        ];
        openssl(&ask, b"").map(|out| String::from_utf8_lossy(&out).into_owned())
    }
}
