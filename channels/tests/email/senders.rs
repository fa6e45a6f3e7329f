//! SPF, DKIM and DMARC against records that a name server on loopback gives.

use std::net::IpAddr;

use channels::email::auth::{Checker, Envelope};

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
