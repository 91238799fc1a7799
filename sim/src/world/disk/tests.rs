use super::*;

fn file(disk: &SimDisk) -> Box<dyn BlockFile> {
    disk.blocks(Path::new("store"), &|| Ok(Vec::new())).unwrap()
}

fn read(disk: &SimDisk) -> Vec<u8> {
    disk.read(Path::new("store")).unwrap().to_vec()
}

#[test]
fn what_was_synced_is_never_lost_and_the_rest_is_lost_by_sectors() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..=u8::MAX {
        let disk = SimDisk::default();
        let first = file(&disk);
        first.set_len(2048).unwrap();
        first.write_at(0, &[1; 2048]).unwrap();
        first.sync().unwrap();
        first.write_at(100, &[2; 1000]).unwrap();
        disk.lose_power(&Dice::new([seed; 32]));
        let left = read(&disk);
        assert!(left[..100].iter().chain(&left[1100..]).all(|byte| *byte == 1));
        seen.insert([left[100], left[512], left[1024]]);
    }
    assert_eq!(seen.len(), 8, "every mixture of lost and kept sectors");
}

#[test]
fn a_file_whose_folder_was_not_synced_may_be_lost_and_so_may_all_of_the_folder() {
    let left = |act: fn(&SimDisk)| {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..64 {
            let disk = SimDisk::default();
            act(&disk);
            disk.lose_power(&Dice::new([seed; 32]));
            let text = |path: &str| disk.read(Path::new(path)).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
            seen.insert((text("/data/a").ok(), text("/data/b").ok()));
        }
        seen
    };
    let is = |a: &str, b: &str| [a, b].map(|text| (!text.is_empty()).then(|| text.to_owned())).into();
    fn folder(disk: &SimDisk) {
        disk.make_folder(Path::new("/data")).unwrap();
    }
    fn synced_folder(disk: &SimDisk) {
        folder(disk);
        disk.sync_folder(Path::new("/")).unwrap();
    }
    let unsynced = left(|disk| {
        synced_folder(disk);
        disk.write(Path::new("/data/a"), b"x", Mode::Public).unwrap();
    });
    assert_eq!(unsynced, [is("", ""), is("x", "")].into());
    let synced = left(|disk| {
        synced_folder(disk);
        disk.write(Path::new("/data/a"), b"x", Mode::Public).unwrap();
        disk.sync_folder(Path::new("/data")).unwrap();
    });
    assert_eq!(synced, [is("x", "")].into());
    let in_a_lost_folder = left(|disk| {
        folder(disk);
        disk.write(Path::new("/data/a"), b"x", Mode::Public).unwrap();
        disk.sync_folder(Path::new("/data")).unwrap();
    });
    assert_eq!(in_a_lost_folder, [is("", ""), is("x", "")].into());
    let renamed = left(|disk| {
        synced_folder(disk);
        for (path, text) in [("/data/a", "old"), ("/data/b", "new")] {
            disk.write(Path::new(path), text.as_bytes(), Mode::Public).unwrap();
        }
        disk.sync_folder(Path::new("/data")).unwrap();
        disk.rename(Path::new("/data/b"), Path::new("/data/a")).unwrap();
    });
    assert_eq!(renamed, [is("old", "new"), is("new", "")].into(), "all of a renaming, or nothing");
    let replaced = left(|disk| disk.replace(Path::new("/data/a"), b"x", Mode::Public).unwrap());
    assert_eq!(replaced, [is("x", "")].into());
}

#[test]
fn a_file_that_is_open_is_not_opened_again_until_its_process_has_ended() {
    let disk = SimDisk::default();
    let first = file(&disk);
    first.set_len(1).unwrap();
    first.sync().unwrap();
    assert_eq!(disk.blocks(Path::new("store"), &|| Ok(Vec::new())).unwrap_err().kind(), ErrorKind::ResourceBusy);
    disk.drop_processes();
    let second = file(&disk);
    assert!(first.write_at(0, b"x").is_err() && first.length().is_err());
    drop(first);
    assert!(
        disk.blocks(Path::new("store"), &|| Ok(Vec::new())).is_err(),
        "the ended process does not unlock what another has locked"
    );
    second.write_at(0, b"y").unwrap();
}

#[test]
fn a_full_disk_says_so_when_a_file_grows() {
    let disk = SimDisk::default();
    disk.set_room(Some(1024));
    let file = file(&disk);
    file.set_len(1024).unwrap();
    assert_eq!(file.set_len(1025).unwrap_err().kind(), ErrorKind::StorageFull);
    file.write_at(0, &[1; 1024]).unwrap();
}

#[test]
fn a_folder_goes_with_the_last_file_in_it() {
    let disk = SimDisk::default();
    for path in ["/a/1", "/a/2"] {
        disk.replace(Path::new(path), b"x", Mode::Public).unwrap();
    }
    disk.remove(Path::new("/a/1")).unwrap();
    assert!(disk.make_folder(Path::new("/a")).is_err());
    disk.remove(Path::new("/a/2")).unwrap();
    disk.make_folder(Path::new("/a")).unwrap();
    assert_eq!(disk.remove(Path::new("/a/3")).unwrap_err().kind(), ErrorKind::NotFound);
}
