//! SPF, DKIM and DMARC against records that a name server on loopback gives.

use std::net::IpAddr;

use channels::email::auth::{Checker, Envelope, Outcome};
use channels::email::smtp::{Letter, Signing, Smtp};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::resolver::{Record, Zone};

/// The published vectors: records and cases in one list of lines, told by their first word.
#[tokio::test]
async fn all_given_spf_vectors_come_out_as_they_should() {
    let Some(samples) = crate::samples("mail-auth/spf/") else { return };
    let (mut count, mut wrong) = (0, Vec::new());
    for (file, raw) in samples.iter().filter(|(name, _)| name.ends_with(".yml")) {
        let zone = Zone::default();
        let mut mails = 0;
        for section in String::from_utf8_lossy(raw).split("---\n") {
            // A resolver that remembers nothing of the section before.
            let (mut helo, mut from, mut ip) = (String::new(), String::new(), IpAddr::from([127, 0, 0, 1]));
            let address = zone.serve().await;
            let mut checker = Checker::asking(address, "localdomain.org").unwrap();
            for line in section.lines().map(|line| line.trim().trim_start_matches('-').trim()) {
                let Some((word, value)) = line.split_once(':').map(|(word, value)| (word, value.trim()))
                else {
                    continue;
                };
                match word {
                    "spf" | "exp" | "a" | "aaaa" | "mx" | "ptr" => {
                        record(&zone, word, value, &mut mails);
                        checker = Checker::asking(address, "localdomain.org").unwrap();
                    }
                    "domain" => helo = value.to_owned(),
                    "sender" => from = value.to_owned(),
                    "ip" => ip = value.parse().unwrap(),
                    "expect" => {
                        let envelope = Envelope { ip, helo: helo.clone(), mail_from: from.clone() };
                        let found = checker.spf(&envelope).await;
                        let (result, words) = value.split_once(' ').unwrap_or((value, ""));
                        let name = format!("{:?}", found.result()).to_ascii_lowercase();
                        let is_said = words.is_empty() || found.explanation() == Some(words);
                        count += 1;
                        if name != result || !is_said {
                            wrong.push(format!(
                                "{file}: {helo} {from} {ip}: {name} {:?}, not {value}",
                                found.explanation()
                            ));
                        }
                    }
                    _ => {}
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} wrong: {wrong:#?}", wrong.len());
    println!("{count} right");
}

fn record(zone: &Zone, word: &str, value: &str, mails: &mut u16) {
    let (name, data) = value.split_once(' ').unwrap();
    let list = data.split(',').map(str::trim);
    match word {
        "spf" | "exp" => zone.set(name, vec![Record::Txt(data.trim().to_owned())]),
        "a" | "aaaa" => zone.set(name, list.map(|ip| Record::Address(ip.parse().unwrap())).collect()),
        "mx" => {
            let hosts = list.map(|ip| {
                *mails += 1;
                let host = format!("mx{mails}.hosts.test");
                zone.add(&host, Record::Address(ip.parse().unwrap()));
                Record::Mail(*mails, host)
            });
            zone.set(name, hosts.collect());
        }
        _ => zone.set(
            &reversed(name.parse().unwrap()),
            list.map(|host| Record::Pointer(host.to_owned())).collect(),
        ),
    }
}

fn reversed(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(ip) => {
            let nibbles = ip.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
            nibbles.map(|nibble| format!("{nibble:x}.")).collect::<String>() + "ip6.arpa"
        }
    }
}

/// A mail server on loopback that takes one mail and gives what came as data.
async fn takes_one() -> (u16, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    #[expect(clippy::disallowed_methods, reason = "a server of this test alone")]
    let taken = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read);
        write.write_all(b"220 mx\r\n").await.unwrap();
        let (mut mail, mut is_data) = (Vec::new(), false);
        loop {
            let mut line = Vec::new();
            if lines.read_until(b'\n', &mut line).await.unwrap() == 0 {
                return mail;
            }
            let answer: &[u8] = match (is_data, line.as_slice()) {
                (true, b".\r\n") => {
                    is_data = false;
                    b"250 taken\r\n"
                }
                (true, line) => {
                    mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
                    continue;
                }
                (false, b"DATA\r\n") => {
                    is_data = true;
                    b"354 go on\r\n"
                }
                (false, b"QUIT\r\n") => return mail,
                (false, _) => b"250 mx\r\n",
            };
            write.write_all(answer).await.unwrap();
            if answer == b"250 taken\r\n" {
                return mail;
            }
        }
    });
    (port, taken)
}

/// The public half of `signing.pem`, which signs nothing but these tests' mails.
const PUBLISHED: &str = concat!(
    "v=DKIM1; k=rsa; p=",
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsE2Ct3nuZzCmEH/9hdS/oF2XAWX4A74gqYWQv6aQfYrIHr",
    "lDnxoQHDOHgjem212+aw1rYhqlyCJXyC3RbtCL0/S6To0piSZyV5tKIYR4hfg4WC7ksz8Uz/zolQyxiIZROxUTkcz1",
    "wxjIf73VlAJy+mN47wNg8b2BO7Dg0UkeYol0Ty1wy9//n0VYd4Ptbj8IMhtHbpmcXoD591Eg3kp1VLI6ata4U3kGBt",
    "EEuvitFCu7Q2p3XSxcMmKa1NM3ZLGmUSBWonALigNKmDTRLwA3MsM72VYdEwKbCAm9n5XpYYQt9q/+Dl1e/XiNB1XN",
    "JIMWnrbnCY2IjKR1EDDUcdbBTQIDAQAB",
);

#[tokio::test]
async fn what_we_sign_is_proved_at_the_other_end_and_a_changed_word_is_not() {
    let letter = Letter {
        from: "deals@us.example".to_owned(),
        to: "ann@a.example".to_owned(),
        subject: "Grüße: two deals created, and a subject that is long enough to be folded over lines"
            .to_owned(),
        message_id: "1@us.example".to_owned(),
        text: "Two deals were created.\n.\nA line of one dot stands before this one.\n".to_owned(),
        html: "<p>Two deals were created.</p>".to_owned(),
        files: vec![("report.txt".to_owned(), "text/plain".to_owned(), b"All is well.".to_vec())],
        ..Letter::default()
    };
    let signing = Signing::new("s1", "us.example", include_str!("signing.pem")).unwrap();
    let (port, taken) = takes_one().await;
    let smtp = Smtp::at(&format!("smtp://127.0.0.1:{port}"), Some(signing)).unwrap();
    smtp.send(&letter, domain::clock::Clock::system().now().into()).await.unwrap();
    let mail = taken.await.unwrap();

    let zone = Zone::default();
    zone.set("s1._domainkey.us.example", vec![Record::Txt(PUBLISHED.to_owned())]);
    zone.set("_dmarc.us.example", vec![Record::Txt("v=DMARC1; p=reject".to_owned())]);
    let checker = Checker::asking(zone.serve().await, "a.example").unwrap();
    let proof = checker.check(&mail, None).await;
    assert_eq!(
        (proof.dkim, proof.dmarc),
        (Outcome::Pass, Outcome::Pass),
        "{}",
        String::from_utf8_lossy(&mail)
    );
    assert!(proof.is_proved());

    let text = String::from_utf8(mail).unwrap();
    for (from, to) in
        [("deals were", "deals will be"), ("Subject: ", "Subject: Re: "), ("To: ann", "To: bob")]
    {
        assert!(text.contains(from), "{from} in {text}");
        let changed = checker.check(text.replacen(from, to, 1).as_bytes(), None).await;
        assert!(changed.dkim != Outcome::Pass && !changed.is_proved(), "{from} became {to}");
    }
}
