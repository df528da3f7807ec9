//! The whole way with a CA that speaks ACME, and a server that serves what came of it.

use std::fs;

use super::Case;
use super::common::Folder;
use super::common::peers::{Nginx, Pebble};
use super::common::pki::{Key, leaf, private_ca};

#[test]
#[ignore = "needs pebble, certbot, lego and nginx"]
fn pebble_issues_and_nginx_serves() {
    let names = ["www.example.test", "api.example.test"];
    let drafts =
        vec![leaf(names[0]).names(&["www.example.test", "example.test"]), leaf(names[1]).key(&Key::rsa())];
    let case = Case::new(&private_ca(), drafts, &[]);
    let pebble = Pebble::start();
    let (one, two) = (Folder::new(), Folder::new());
    let request = |name: &str| case.replacement(name).join("request.pem");
    let issued = pebble.certbot(&request(names[0]), &one) + &pebble.lego(&request(names[1]), &two);
    case.folder.write("root.pem", pebble.root());
    let root = case.folder.at("root.pem");
    let done = case.complete(&issued, &["--root", &root, "--layout", "nginx"]);
    assert_eq!(done.status, 0, "{} {}", done.stdout, done.stderr);
    assert!(done.stderr.contains("2 accepted"), "{}", done.stderr);
    for name in names {
        assert_eq!(case.step("replace", name)["status"], "done");
        let folder = case.replacement(name).join("issued/nginx");
        let server = fs::read_to_string(folder.join("nginx.conf")).unwrap();
        let server = server.replace(&format!("/etc/nginx/tls/{name}/"), &format!("{}/", folder.display()));
        let nginx = Nginx::start(&server);
        let told = nginx.verified(name, &root).unwrap();
        assert!(
            told.contains("Verify return code: 0 (ok)") && told.contains("Pebble Intermediate CA"),
            "{told}"
        );
        assert!(nginx.verified("other.example.test", &root).is_err(), "another name is not served");
        let stranger = super::common::pki::named_ca("Other");
        case.folder.write("other.pem", stranger.pem());
        assert!(nginx.verified(name, &case.folder.at("other.pem")).is_err(), "below no other root");
    }
    // What Pebble gave is no answer to the requests of another case.
    let other =
        Case::new(&private_ca(), vec![leaf(names[0]).names(&["www.example.test", "example.test"])], &[]);
    let refused = other.complete(&issued, &["--root", &root]);
    assert_eq!(refused.status, 3);
    assert_eq!(
        refused.stdout.matches("its key is of no replacement of this case").count(),
        2,
        "{}",
        refused.stdout
    );
}
