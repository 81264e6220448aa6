//! A plan as a job array in a real Slurm, which the test starts. Each task measures a
//! shard, and one task is requeued while it runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hookbench_results::store::JOURNAL_FILE;

use common::{HOOKBENCH, Place, same, send, text, wait};

mod common;

const CELLS: &str = "--workload null-syscall --monitor audit+*,kprobe+count,bpf-lsm+count --samples 10";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/scale/slurm.sbatch");

/// A Slurm with one node, and the process ids of its daemons.
struct Slurm {
    folder: PathBuf,
}

impl Slurm {
    fn start(folder: &Path) -> Slurm {
        for name in ["state", "spool"] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        let slurm = Slurm { folder: folder.into() };
        fs::write(slurm.at("munge.key"), [7; 1024]).unwrap();
        fs::write(slurm.at("slurm.conf"), slurm.configuration()).unwrap();
        let munged =
            ["key-file=munge.key", "socket=munge.socket", "pid-file=munged.pid", "log-file=munged.log"];
        let munged = munged.iter().map(|option| {
            let (name, file) = option.split_once('=').unwrap();
            format!("--{name}={}", slurm.at(file).display())
        });
        slurm.run(
            Command::new("munged")
                .arg("--force")
                .args(munged)
                .arg(format!("--seed-file={}", slurm.at("munge.seed").display())),
        );
        slurm.run(&mut slurm.command("slurmctld"));
        slurm.run(slurm.command("slurmd").args(["-N", "localhost"]));
        wait("the node is idle", || slurm.run(slurm.command("sinfo").arg("-h")).contains("idle"));
        slurm
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn configuration(&self) -> String {
        let at = |name| self.at(name).display().to_string();
        format!(
            "ClusterName=test\nSlurmctldHost=localhost\nSlurmUser=root\nSlurmctldPort=16917\nSlurmdPort=16918\n\
             AuthType=auth/munge\nAuthInfo=socket={}\nCredType=cred/munge\nStateSaveLocation={}\n\
             SlurmdSpoolDir={}\nSlurmctldPidFile={}\nSlurmdPidFile={}\nSlurmctldLogFile={}\nSlurmdLogFile={}\n\
             ProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\nSwitchType=switch/none\nMpiDefault=none\n\
             SelectType=select/cons_tres\nSelectTypeParameters=CR_Core\nJobAcctGatherType=jobacct_gather/none\n\
             AccountingStorageType=accounting_storage/none\nReturnToService=2\n\
             NodeName=localhost CPUs=2 State=UNKNOWN\nPartitionName=main Nodes=localhost Default=YES State=UP\n",
            at("munge.socket"),
            at("state"),
            at("spool"),
            at("slurmctld.pid"),
            at("slurmd.pid"),
            at("slurmctld.log"),
            at("slurmd.log"),
        )
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("SLURM_CONF", self.at("slurm.conf"))
            .env("HOOKBENCH", HOOKBENCH)
            .current_dir(&self.folder);
        command
    }

    /// Runs `command` and asserts success. Returns its output.
    fn run(&self, command: &mut Command) -> String {
        // Daemons keep the descriptors that they inherit.
        let said = self.at("said");
        let file = fs::File::create(&said).unwrap();
        command.stdin(Stdio::null()).stderr(file.try_clone().unwrap()).stdout(file);
        let status = command
            .status()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; install the packages slurm-wlm and munge"));
        let said = text(&fs::read(said).unwrap());
        assert!(status.success(), "{command:?}: {said}");
        said.trim().into()
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        for name in ["slurmd.pid", "slurmctld.pid", "munged.pid"] {
            let pid = fs::read_to_string(self.at(name)).ok().and_then(|pid| pid.trim().parse().ok());
            if let Some(pid) = pid {
                send(pid, libc::SIGTERM);
            }
        }
    }
}

#[test]
#[ignore = "slow: needs root and the packages slurm-wlm and munge, whose daemons it starts"]
fn the_shards_of_a_slurm_array_merge_to_the_bytes_of_a_run_on_one_machine() {
    let place = Place::new();
    let slurm = Slurm::start(&place.at("slurm"));
    let mut submit = slurm.command("sbatch");
    submit.args(["--parsable", "--array=1-3", SCRIPT]).args(CELLS.split(' '));
    let job = slurm.run(&mut submit);
    let shard = |number| slurm.at("runs").join(format!("shard-{number}"));
    wait("the first task measures", || shard(1).join(JOURNAL_FILE).exists());
    slurm.run(slurm.command("scontrol").args(["requeue", &format!("{job}_1")]));
    let merge = format!("{HOOKBENCH} merge runs/shard-* --out runs/whole");
    let dependency = format!("--dependency=afterany:{job}");
    slurm.run(slurm.command("sbatch").args(["--wait", &dependency, "--wrap", &merge]));
    place.succeed("one", CELLS);
    same(&place.at("one"), &slurm.at("runs/whole"));
}
