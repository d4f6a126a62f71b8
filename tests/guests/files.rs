// Rust's standard library: collections, formatting, files, directories, time, environment.
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::time::{Duration, Instant, SystemTime};

fn main() -> std::io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let root = args[0].clone();
    println!("{:?} {:?}", &args[1..], std::env::var("WASM_ONE"));
    let path = |name: &str| format!("{}/{}", root, name);

    let mut words = HashMap::new();
    for word in "the quick brown fox jumps over the lazy dog the end".split(' ') {
        *words.entry(word).or_insert(0) += 1;
    }
    println!("{:?}", words.iter().collect::<BTreeMap<_, _>>());

    fs::create_dir_all(path("one/two/three"))?;
    let mut file = fs::File::create(path("one/data"))?;
    for i in 0..1000 {
        writeln!(file, "line {} {:.2}", i, i as f64 / 3.0)?;
    }
    drop(file);
    let lines = BufReader::new(fs::File::open(path("one/data"))?).lines().count();
    println!("{} lines, {} bytes", lines, fs::metadata(path("one/data"))?.len());
    let mut file = fs::OpenOptions::new().read(true).write(true).open(path("one/data"))?;
    file.seek(SeekFrom::End(-10))?;
    let mut tail = String::new();
    file.read_to_string(&mut tail)?;
    println!("{:?}", tail);
    fs::copy(path("one/data"), path("one/copy"))?;
    fs::rename(path("one/copy"), path("one/two/moved"))?;
    let mut names: Vec<_> =
        fs::read_dir(path("one"))?.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    println!("{:?}", names);
    println!("{:?}", fs::read(path("missing")).map_err(|e| e.kind()));
    println!("{:?}", fs::remove_dir(path("one")).is_err());
    println!("{:?}", fs::File::open("/etc/passwd").is_err() || cfg!(not(target_os = "wasi")));
    fs::remove_dir_all(path("one"))?;

    let start = Instant::now();
    std::thread::sleep(Duration::from_millis(5));
    println!("{}", start.elapsed() >= Duration::from_millis(5));
    println!("{}", SystemTime::now() > SystemTime::UNIX_EPOCH);
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input)?;
    println!("{} bytes of input", input.len());
    std::process::exit(if input.len() == 5 { 17 } else { 18 });
}
