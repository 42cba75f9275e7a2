//! Does the stack hold on Docker Swarm? Every node is a container engine in a container. The routing mesh needs IPVS in the
//! kernel, which not every machine has, so the stack's published port is left out and the clients are in its network.

use std::process::Command;

use container_tests::engine::{Container, docker, image, root, run};
use container_tests::eventually;

const STACK: &str = "tilebrot";
const PUBLISHED: &str =
    "    ports:\n      - {target: 8080, published: 8080, protocol: tcp, mode: ingress}\n";
/// What an engine in a container needs; less than `--privileged`, which not every host can give.
const RIGHTS: &str = "--cap-add SYS_ADMIN --cap-add NET_ADMIN --cap-add SYS_PTRACE --cap-add DAC_READ_SEARCH --cap-add SYSLOG \
    --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined \
    --volume /sys/fs/cgroup:/sys/fs/cgroup:rw";

/// Engines that know each other; the first one manages.
struct Swarm {
    network: String,
    nodes: Vec<Container>,
}

impl Swarm {
    fn of_one_node() -> Swarm {
        let network = format!("tilebrot-test-{:08x}", getrandom::u32().unwrap());
        docker(&["network", "create", &network]);
        let mut swarm = Swarm {
            network,
            nodes: Vec::new(),
        };
        swarm.add_node();
        swarm.manager(&["swarm", "init"]);
        swarm
    }

    /// Starts another engine that has the images.
    fn add_node(&mut self) -> &Container {
        let engine = format!(
            "{}/engine",
            std::env::var("TEST_IMAGES").expect("tests/containers.sh sets it")
        );
        let rights: Vec<&str> = RIGHTS.split_whitespace().collect();
        let node = Container::start(
            &[
                &rights[..],
                &[
                    "--network",
                    &self.network,
                    "--device-cgroup-rule",
                    "a *:* rwm",
                    &engine,
                ],
            ]
            .concat(),
        );
        self.nodes.push(node.clone());
        eventually("an engine", || {
            let told = Command::new("docker")
                .args(["exec", &node.0, "docker", "info"])
                .output()
                .unwrap();
            told.status.success().then_some(())
        });
        let images = format!("{} {}", image(), client_image());
        run(Command::new("sh").args([
            "-c",
            &format!(
                "docker save {images} | docker exec -i {} docker load",
                node.0
            ),
        ]));
        for tag in ["tilebrot:first", "tilebrot:second"] {
            docker(&["exec", &node.0, "docker", "tag", &image(), tag]);
        }
        self.nodes.last().unwrap()
    }

    fn join(&mut self) {
        let token = self.manager(&["swarm", "join-token", "--quiet", "worker"]);
        let manager = format!("{}:2377", self.nodes[0].hostname());
        let node = self.add_node().0.clone();
        docker(&[
            "exec", &node, "docker", "swarm", "join", "--token", &token, &manager,
        ]);
    }

    #[track_caller]
    fn manager(&self, arguments: &[&str]) -> String {
        docker(&[&["exec", &self.nodes[0].0, "docker"], arguments].concat())
    }

    fn deploy(&self, image: &str) {
        let variable = format!("TILEBROT_IMAGE={image}");
        let file = "/deploy/swarm/stack.yml";
        let deploy = [
            "docker",
            "stack",
            "deploy",
            "--resolve-image",
            "never",
            "--compose-file",
            file,
            STACK,
        ];
        docker(&[&["exec", "--env", &variable, &self.nodes[0].0], &deploy[..]].concat());
    }

    /// Copies the stack to the manager, without its published port.
    fn bring_stack(&self) {
        let text = std::fs::read_to_string(root().join("deploy/swarm/stack.yml")).unwrap();
        assert!(
            text.contains(PUBLISHED),
            "the stack publishes another port than this test knows"
        );
        let manager = &self.nodes[0].0;
        docker(&[
            "cp",
            root().join("deploy").to_str().unwrap(),
            &format!("{manager}:/deploy"),
        ]);
        let local = std::env::temp_dir().join(format!("{}.yml", self.network));
        std::fs::write(&local, text.replace(PUBLISHED, "")).unwrap();
        docker(&[
            "cp",
            local.to_str().unwrap(),
            &format!("{manager}:/deploy/swarm/stack.yml"),
        ]);
        std::fs::remove_file(local).unwrap();
    }

    /// Waits until so many tasks of a service run, all of this image.
    fn settled(&self, service: &str, image: &str, tasks: usize) {
        let name = format!("{STACK}_{service}");
        eventually(&format!("{tasks} tasks of {name} with {image}"), || {
            let told = self.manager(&[
                "service",
                "ps",
                "--filter",
                "desired-state=running",
                "--format",
                "{{.Image}} {{.CurrentState}}",
                &name,
            ]);
            let running = told
                .lines()
                .filter(|line| line.starts_with(&format!("{image} Running")))
                .count();
            (running == tasks && told.lines().count() == tasks).then_some(())
        });
    }

    /// Waits until an update of a service has been carried out.
    fn updated(&self, service: &str) {
        let name = format!("{STACK}_{service}");
        eventually(&format!("an updated {name}"), || {
            let state = self.manager(&[
                "service",
                "inspect",
                "--format",
                "{{.UpdateStatus.State}} {{.UpdateStatus.Message}}",
                &name,
            ]);
            assert!(
                !state.contains("rollback") && !state.contains("paused"),
                "{state}"
            );
            state.starts_with("completed").then_some(())
        });
    }
}

impl Drop for Swarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for told in [
                &["service", "ls"][..],
                &["stack", "ps", "--no-trunc", STACK],
            ] {
                let told = Command::new("docker")
                    .args(["exec", &self.nodes[0].0, "docker"])
                    .args(told)
                    .output()
                    .unwrap();
                eprintln!("{}", String::from_utf8_lossy(&told.stdout));
            }
            for service in ["balancer", "frontend", "worker"] {
                let logs = ["service", "logs", "--timestamps", "--tail", "40"];
                let told = Command::new("docker")
                    .args(["exec", &self.nodes[0].0, "docker"])
                    .args(logs)
                    .arg(format!("{STACK}_{service}"))
                    .output()
                    .unwrap();
                eprintln!(
                    "{}{}",
                    String::from_utf8_lossy(&told.stdout),
                    String::from_utf8_lossy(&told.stderr)
                );
            }
        }
        for node in &self.nodes {
            // One of them may have been killed by its test.
            let _ = Command::new("docker")
                .args(["rm", "--force", "--volumes", &node.0])
                .output();
        }
        let _ = Command::new("docker")
            .args(["network", "rm", &self.network])
            .output();
    }
}

fn client_image() -> String {
    format!(
        "{}/debian",
        std::env::var("TEST_IMAGES").expect("tests/containers.sh sets it")
    )
}

/// Clients that ask for pictures without a pause, one after the other.
struct Load<'a> {
    swarm: &'a Swarm,
    clients: Vec<String>,
}

impl Load<'_> {
    fn begin(swarm: &Swarm, clients: usize) -> Load<'_> {
        let ask = "while ! test -e /stop; do \
            date --utc +%T.%N | tr '\\n' ' '; curl --silent --show-error --fail --max-time 120 --output /dev/null --write-out '%{http_code} %{size_download}\\n' \
            'http://tasks.balancer:8080/render.png?width=480&height=270&samples=2' || echo \"failed: $?\"; done 2>&1";
        let network = format!("{STACK}_default");
        let client = client_image();
        let run = [
            "run",
            "--detach",
            "--network",
            &network,
            &client,
            "bash",
            "-c",
            ask,
        ];
        let clients = (0..clients).map(|_| swarm.manager(&run)).collect();
        Load { swarm, clients }
    }

    fn answers(&self) -> Vec<String> {
        let told = self
            .clients
            .iter()
            .map(|client| self.swarm.manager(&["logs", client]));
        told.flat_map(|log| log.lines().map(str::to_owned).collect::<Vec<_>>())
            .collect()
    }

    /// Waits for so many more answers.
    fn goes_on(&self, more: usize) {
        let before = self.answers().len();
        eventually("more answers", || {
            (self.answers().len() >= before + more).then_some(())
        });
    }

    /// Lets every client finish its last request; all must have been answered, and with the same picture.
    fn end(self) {
        for client in &self.clients {
            self.swarm.manager(&["exec", client, "touch", "/stop"]);
            self.swarm.manager(&["wait", client]);
        }
        let answers = self.answers();
        // Without the time at which it was asked for.
        let told = |answer: &str| {
            answer
                .split_once(' ')
                .map_or(String::new(), |(_, told)| told.to_owned())
        };
        let first = told(&answers[0]);
        assert!(first.starts_with("200 "), "{first}");
        let others: Vec<&String> = answers
            .iter()
            .filter(|answer| told(answer) != first)
            .collect();
        assert!(
            others.is_empty(),
            "of {} answers: {others:#?}",
            answers.len()
        );
        println!("{} requests, none failed", answers.len());
    }
}

#[test]
fn a_stack_is_scaled_and_updated_and_loses_a_node_and_no_request_fails() {
    let mut swarm = Swarm::of_one_node();
    swarm.bring_stack();
    swarm.deploy("tilebrot:first");
    for (service, tasks) in [("frontend", 1), ("worker", 2), ("balancer", 1)] {
        swarm.settled(service, "tilebrot:first", tasks);
    }

    // The balancer finds its servers' names within a second or two.
    eventually("a first picture", || {
        let ask = [
            "curl",
            "--fail",
            "--output",
            "/dev/null",
            "http://tasks.balancer:8080/render.png",
        ];
        let network = format!("{STACK}_default");
        let run = [
            "exec",
            &swarm.nodes[0].0,
            "docker",
            "run",
            "--rm",
            "--network",
            &network,
            &client_image(),
        ];
        Command::new("docker")
            .args(run)
            .args(ask)
            .output()
            .unwrap()
            .status
            .success()
            .then_some(())
    });
    let load = Load::begin(&swarm, 2);
    load.goes_on(4);
    swarm.manager(&["service", "scale", "--detach=false", "tilebrot_worker=3"]);
    swarm.settled("worker", "tilebrot:first", 3);
    swarm.manager(&["service", "scale", "--detach=false", "tilebrot_worker=1"]);
    swarm.settled("worker", "tilebrot:first", 1);
    load.goes_on(4);
    swarm.deploy("tilebrot:second");
    for service in ["frontend", "balancer"] {
        swarm.updated(service);
        swarm.settled(service, "tilebrot:second", 1);
    }
    // The file says two, as it did at first.
    swarm.settled("worker", "tilebrot:second", 2);
    load.goes_on(4);
    load.end();

    swarm.join();
    swarm.join();
    swarm.manager(&["service", "scale", "--detach=false", "tilebrot_worker=5"]);
    let load = Load::begin(&swarm, 2);
    load.goes_on(4);
    docker(&["kill", &swarm.nodes[2].0]);
    load.goes_on(4);
    eventually("workers moved to the nodes that are left", || {
        let nodes = swarm.manager(&["node", "ls", "--format", "{{.Status}}"]);
        nodes.lines().any(|status| status == "Down").then_some(())
    });
    swarm.settled("worker", "tilebrot:second", 5);
    load.goes_on(4);
    load.end();
}
