#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""hillock-cli as a user meets it: help, reference, check, training, resuming, interrupting, wrong usage and bad input.

cli.py HILLOCK-CLI SOURCE-ROOT
"""
import gzip
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

from tap import case, run

CLI, SOURCE = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
LENET = SOURCE / "examples" / "lenet-fashion.hillock"
STROKES = SOURCE / "examples" / "lenet-strokes.hillock"
COMMANDS = ["devices", "describe", "check", "train", "eval", "predict", "export", "import", "run", "test-onnx"]
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="hillock-cli-"))


def cli(*arguments, status=0):
    """Runs hillock-cli and returns its completed process; fails on another exit status or a crash."""
    done = subprocess.run([CLI, *map(str, arguments)], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    assert done.returncode == status, (
        f"{arguments}: exit status {done.returncode} instead of {status}\n{done.stdout}{done.stderr}")
    return done


def refuses(*arguments, words, status=1):
    """One sentence on standard error that holds every word."""
    done = cli(*arguments, status=status)
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, f"not one sentence: {done.stderr!r}"
    for word in words:
        assert word.lower() in lines[0].lower(), f"{word!r} is not in {lines[0]!r}"
    assert re.search(r"[.:)\"]$", lines[0]), f"not a sentence: {lines[0]!r}"
    return lines[0]


def events(text):
    return [json.loads(line) for line in text.splitlines()]


def small_project(name="small", **changes):
    """A tiny network on 600 generated strokes: trains in a second."""
    project = json.loads(STROKES.read_text())
    project["data"]["format"]["params"].update(count=600, test_count=100)
    project["recipe"].update(epochs=2, batch=50)
    for key, value in changes.items():
        project["recipe"][key] = value
    path = FOLDER / f"{name}.hillock"
    path.write_text(json.dumps(project))
    return path


def write_idx(path, shape, values, kind=8):
    data = struct.pack(">BBBB", 0, 0, kind, len(shape)) + struct.pack(f">{len(shape)}I", *shape) + bytes(values)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def idx_folder(name, n=60, labels=None):
    folder = FOLDER / name
    folder.mkdir()
    pixels = bytes((i * 37 + (i // 784) * 101) % 256 for i in range(n * 784))
    write_idx(folder / "train-images-idx3-ubyte.gz", [n, 28, 28], pixels)
    write_idx(folder / "train-labels-idx1-ubyte.gz", [n], labels or [i % 10 for i in range(n)])
    return folder


@case
def help_for_every_command():
    text = cli("--help").stdout
    for command in COMMANDS:
        assert command in text, command
        assert cli(command, "--help").stdout.startswith("Usage:"), command
    assert re.match(r"hillock-cli \d+\.\d+", cli("--version").stdout)


@case
def manual_page_and_completion_know_every_option():
    manual = (SOURCE / "docs/man/hillock-cli.1").read_text().replace("\\-", "-")
    completion = (SOURCE / "resources/desktop/hillock-cli.bash").read_text()
    n_options = 0
    for command in COMMANDS:
        section = re.search(rf"^\.SS hillock-cli {command}.*?(?=^\.SH|^\.SS)", manual, re.M | re.S)
        assert section, f"{command} is not in the manual page"
        offered = re.search(rf"^\s*{command}\)(.*?);;", completion, re.M | re.S)
        assert offered, f"{command} is not in the completion"
        for option in re.findall(r"--([a-z-]+)", cli(command, "--help").stdout):
            if option == "help":
                continue
            n_options += 1
            assert f"--{option}" in section.group(0), f"{command} --{option} is not in the manual page"
            assert f"--{option}" in offered.group(1), f"{command} --{option} is not completed"
    assert n_options > 20


@case
def manual_pages_have_no_warnings():
    if not shutil.which("man"):
        raise unittest.SkipTest("man is not installed")
    for page in ("hillock-cli.1", "hillock.1"):
        done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", SOURCE / "docs/man" / page], capture_output=True, text=True,
                              env={**os.environ, "MANROFFSEQ": "", "MANWIDTH": "100", "LC_ALL": "C.UTF-8"})
        assert done.returncode == 0 and not done.stderr.strip(), done.stderr


@case
def wrong_usage_is_status_2():
    cli(status=2)
    refuses("fly", words=["fly"], status=2)
    refuses("train", words=["PROJECT", "missing"], status=2)
    refuses("train", LENET, "--wings", words=["wings"], status=2)
    refuses("train", LENET, "--epochs", "many", words=["many"], status=2)
    refuses("train", LENET, "--batch=-3", words=["--batch"], status=2)
    refuses("check", LENET, LENET, words=["2"], status=2)
    refuses("describe", "layer", "wheel", words=["wheel"], status=2)
    refuses("eval", LENET, "--part", "some", words=["some"], status=2)
    refuses("export", LENET, "--format", "stone", words=["stone"], status=2)


@case
def describe_explains_every_class():
    n = 0
    for family in ("layer", "loss", "optimizer", "schedule", "gradient", "initializer", "format"):
        for line in cli("describe", family).stdout.splitlines()[1:]:
            name = line.split()[0]
            assert f"({name})" in cli("describe", family, name).stdout
            n += 1
    assert n >= 25
    assert "momentum" in cli("describe", "optimizer", "sgd").stdout


@case
def check_shows_lenet():
    done = json.loads(cli("check", LENET, "--json").stdout)
    assert done["parameters"] == 61706 and not done["problems"], done
    shapes = [layer["output"] for layer in done["layers"]]
    wanted = [[6, 28, 28], [6, 14, 14], [16, 10, 10], [16, 5, 5], [400], [120], [84], [10]]
    rest = iter(shapes)
    assert all(shape in rest for shape in wanted), shapes
    # 6·28·28·25 + 16·10·10·150 + 400·120 + 120·84 + 84·10
    assert done["multiply_adds"] == 416520, done["multiply_adds"]
    text = cli("check", LENET).stdout
    assert "6×28×28" in text and re.search(r"61.706 parameters", text), text


@case
def check_counts_the_network_of_1989():
    # LeCun et al.: H1 12·25 + 12·8·8, H2 12·8·25 + 12·4·4, H3 30·193, output 10·31.
    done = json.loads(cli("check", SOURCE / "examples" / "lecun-1989.hillock", "--json").stdout)
    counts = [layer["parameters"] for layer in done["layers"] if layer["parameters"]]
    assert counts == [1068, 2592, 5790, 310], counts
    assert done["parameters"] == 9760 and not done["problems"], done


@case
def check_counts_lenet_of_1998():
    # C1 6·26, S2 6·2, C3 60·25 + 16, S4 16·2, C5 120·401, F6 84·121; the output's 84·10 are fixed codes, as in the paper.
    done = json.loads(cli("check", SOURCE / "examples" / "lenet-1998.hillock", "--json").stdout)
    counts = [layer["parameters"] for layer in done["layers"] if layer["parameters"]]
    assert counts == [156, 12, 1516, 32, 48120, 10164, 840], counts
    assert done["changeable"] == 60000 and not done["problems"], done


@case
def check_tells_frozen_layers():
    project = json.loads(LENET.read_text())
    nodes = {node["name"]: node for node in project["graph"]["nodes"]}
    nodes["conv1"]["frozen"] = True
    nodes["linear1"]["rate_factor"] = 0.5
    path = FOLDER / "frozen.hillock"
    path.write_text(json.dumps(project))
    done = json.loads(cli("check", path, "--json").stdout)
    assert done["parameters"] == 61706 and done["changeable"] == 61706 - 156, done
    assert [layer["name"] for layer in done["layers"] if layer["frozen"]] == ["conv1"], done
    assert [layer["name"] for layer in done["layers"] if layer["rate_factor"] == 0.5] == ["linear1"], done
    text = cli("check", path).stdout
    assert "frozen" in text and "rate × 0.5" in text and re.search("61.550", text), text


@case
def check_counts_two_directions():
    # PyTorch's LSTM: 2 directions of 4·64·(28 + 64) weights and 2·4·64 biases; then 128·10 + 10.
    done = json.loads(cli("check", SOURCE / "examples" / "bilstm-rows.hillock", "--json").stdout)
    assert done["parameters"] == 2 * (256 * 92 + 512) + 1290 and not done["problems"], done


@case
def check_counts_memory_with_the_data():
    whole = json.loads(cli("check", STROKES, "--json").stdout)["memory_bytes"]
    project = json.loads(STROKES.read_text())
    project["data"] = {"format": {"name": "idx"}, "path": "nowhere"}
    path = FOLDER / "no-data.hillock"
    path.write_text(json.dumps(project))
    bare = json.loads(cli("check", path, "--json").stdout)["memory_bytes"]
    # A label of each of 24 000 samples, an order to train in and one to evaluate each part in, 4 bytes each, and results of 63 batches.
    labels_and_orders = 4 * (24000 + 18000 + 24000)
    assert labels_and_orders < whole - bare < labels_and_orders + 120000, (whole, bare)
    assert "without the data" in cli("check", path).stdout and "without the data" not in cli("check", STROKES).stdout


@case
def devices_pass_their_self_test():
    devices = json.loads(cli("devices", "--json").stdout)
    assert devices and all(device["self_test"] for device in devices), devices
    assert devices[0]["compute_units"] >= 1 and devices[0]["memory_bytes"] > 0
    refuses("train", small_project("nodevice"), "--device", "abacus", words=["abacus"])


@case
def training_tells_its_story_in_json():
    project = small_project("story")
    told = events(cli("train", project, "--json", "--log-every", "1", "--seed", "7").stdout)
    kinds = [event["event"] for event in told]
    steps = [event for event in told if event["event"] == "step"]
    epochs = [event for event in told if event["event"] == "epoch"]
    done = told[-1]
    assert kinds[-1] == "done" and kinds.count("checkpoint") == 2, kinds
    assert [step["step"] for step in steps] == list(range(1, 23)), steps          # ceil (540 / 50) = 11 an epoch
    assert all(step["loss"] > 0 and 0 <= step["accuracy"] <= 1 for step in steps)
    assert steps[10]["batch"] == 40 and steps[0]["batch"] == 50
    assert [epoch["epoch"] for epoch in epochs] == [1, 2]
    for epoch in epochs:
        assert {"training_loss", "training_accuracy", "validation_loss", "validation_accuracy"} <= epoch.keys(), epoch
    first = sum(step["loss"] * step["batch"] for step in steps[:11]) / 540
    assert abs(epochs[0]["training_loss"] - first) < 1e-5 * first, (epochs[0], first)
    assert done["steps"] == 22 and done["epochs"] == 2 and done["seed"] == 7 and len(done["weights_sha256"]) == 64, done
    assert 0 <= done["test_accuracy"] <= 1 and done["images_per_second"] > 0 and done["device"] and done["seconds"] > 0, done
    folder = pathlib.Path(done["folder"])
    for name in ("metrics.csv", "last.safetensors", "run.json", "project.hillock"):
        assert (folder / name).is_file(), name


@case
def same_seed_same_bits_other_seed_others():
    project = small_project("seeds")
    sums = [events(cli("train", project, "--json", "--seed", seed).stdout)[-1]["weights_sha256"] for seed in (3, 3, 4)]
    assert sums[0] == sums[1] != sums[2], sums


@case
def an_interrupted_run_resumes_to_the_same_bits():
    project = small_project("resume", epochs=40)
    whole = events(cli("train", project, "--json", "--out", FOLDER / "whole").stdout)[-1]
    part = subprocess.Popen([CLI, "train", project, "--json", "--log-every", "1", "--out", FOLDER / "part"], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)
    n_seen = 0
    for line in part.stdout:
        n_seen += '"step"' in line
        if n_seen == 25:
            part.send_signal(signal.SIGINT)
            break
    rest, errors = part.communicate(timeout=120)
    assert part.returncode == 130, (part.returncode, errors)
    stopped = events(rest)[-1]
    assert stopped["event"] == "stopped" and stopped["steps"] < 440, stopped
    done = events(cli("train", project, "--json", "--resume", "--out", FOLDER / "part").stdout)[-1]
    assert done["event"] == "done" and done["weights_sha256"] == whole["weights_sha256"], (done, whole)
    assert done["test_loss"] == whole["test_loss"], (done, whole)


@case
def an_interruption_while_preparing_leaves_cleanly():
    project = small_project("early")
    part = subprocess.Popen([CLI, "train", project, "--json", "--out", FOLDER / "early"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, env={**os.environ, "HILLOCK_KERNEL_CACHE": "off"})
    for line in part.stdout:
        assert '"step"' not in line, line
        if '"preparing"' in line:
            part.send_signal(signal.SIGINT)
            break
    _, errors = part.communicate(timeout=120)
    assert part.returncode == 130 and "nothing to save" in errors, (part.returncode, errors)
    assert not (FOLDER / "early").exists()


@case
def evaluation_and_export_follow_training():
    project = small_project("after")
    done = events(cli("train", project, "--json").stdout)[-1]
    scores = json.loads(cli("eval", project, "--part", "all", "--json").stdout)
    assert abs(scores["test"]["loss"] - done["test_loss"]) < 1e-6 and scores["test"]["accuracy"] == done["test_accuracy"], (scores, done)
    assert scores["training"]["images"] == 540 and scores["validation"]["images"] == 60
    out = FOLDER / "after-weights.safetensors"
    cli("export", project, "--format", "safetensors", "--out", out)
    raw = out.read_bytes()
    header = json.loads(raw[8:8 + struct.unpack("<Q", raw[:8])[0]])
    names = {name for name in header if name != "__metadata__"}
    assert {"conv1.weight", "conv1.bias"} <= names and not any(name.startswith("optimizer") for name in names), names
    assert sum((b - a) // 4 for a, b in (header[name]["data_offsets"] for name in names)) == 61706
    network = FOLDER / "after.onnx"
    cli("export", project, "--out", network)
    stored = network.read_bytes()
    entry = header["conv1.weight"]["data_offsets"]
    start = 8 + struct.unpack("<Q", raw[:8])[0]
    assert raw[start + entry[0]:start + entry[1]] in stored and b"Conv" in stored and b"Gemm" in stored
    again = events(cli("train", project, "--json", "--init", out, "--epochs", "1", "--log-every", "1").stdout)
    first = next(event for event in again if event["event"] == "step")
    assert first["loss"] < 2.2, first                                             # trained weights, not 2.3 of a fresh start
    # The project's own start weights, named relative to it; --init goes before them, a file that is not there leaves no run.
    started = small_project("started", start_weights="after-weights.safetensors", epochs=1)
    told = events(cli("train", started, "--json", "--log-every", "1").stdout)
    assert next(event for event in told if event["event"] == "step")["loss"] == first["loss"]
    assert any(event["event"] == "weights" and len(event["matches"]) == 10 for event in told), told
    # One layer from the file, the others at random; without a file that is refused.
    chosen = json.loads(started.read_text())
    next(node for node in chosen["graph"]["nodes"] if node["name"] == "conv1")["weight_init"] = {"name": "from_file"}
    started.write_text(json.dumps(chosen))
    told = events(cli("train", started, "--json").stdout)
    matches = next(event for event in told if event["event"] == "weights")["matches"]
    assert len(matches) == 1 and matches[0].startswith("conv1.weight"), matches
    del chosen["recipe"]["start_weights"]
    started.write_text(json.dumps(chosen))
    refuses("train", started, words=["“conv1.weight”", "Start weights"])
    lost = small_project("lost", start_weights="nowhere.safetensors")
    refuses("train", lost, words=["nowhere.safetensors"])
    assert not (FOLDER / "lost.runs").exists()


@case
def reconstruction_has_no_accuracy():
    project = json.loads((SOURCE / "examples" / "autoencoder.hillock").read_text())
    project["data"]["format"]["params"].update(count=600, test_count=100)
    project["recipe"].update(epochs=1, batch=50)
    path = FOLDER / "autoencoder.hillock"
    path.write_text(json.dumps(project))
    told = events(cli("train", path, "--json", "--log-every", "1").stdout)
    assert not any("accuracy" in key for event in told for key in event), told
    steps = [event["loss"] for event in told if event["event"] == "step"]
    assert steps[-1] < 0.9 * steps[0] and told[-1]["test_loss"] > 0, steps
    scores = json.loads(cli("eval", path, "--part", "test", "--json").stdout)
    assert set(scores["test"]) == {"images", "loss"} and abs(scores["test"]["loss"] - told[-1]["test_loss"]) < 1e-6, scores
    assert "%" not in cli("eval", path).stdout
    rows = (FOLDER / "autoencoder.runs" / "001" / "metrics.csv").read_text().splitlines()
    assert len(rows) == 4 and all(row.split(",")[4] == "" for row in rows[1:]), rows
    picture = FOLDER / "blank.pgm"
    picture.write_bytes(b"P5 28 28 255\n" + bytes(784))
    refuses("predict", path, picture, words=["give its input back"])


@case
def predict_reads_images():
    project = small_project("predict")
    cli("train", project, "--json")
    picture = FOLDER / "seven.pgm"
    picture.write_bytes(b"P5 28 28 255\n" + bytes(255 if 4 < i // 28 < 8 or i % 28 == 20 else 0 for i in range(784)))
    told = json.loads(cli("predict", project, picture, "--json").stdout)
    assert abs(sum(told["probabilities"].values()) - 1) < 1e-5 and told["class"] == next(iter(told["probabilities"])), told
    refuses("predict", project, FOLDER / "nothing.png", words=["nothing.png"])
    (FOLDER / "text.png").write_text("no image")
    refuses("predict", project, FOLDER / "text.png", words=["text.png"])
    refuses("predict", project, FOLDER, words=["folder"])


@case
def data_can_come_from_a_folder_or_a_file():
    folder = idx_folder("idx")
    project = small_project("idx-project", batch=20)
    for data in (folder, folder / "train-images-idx3-ubyte.gz"):
        done = events(cli("train", project, "--json", "--data", data, "--epochs", "1").stdout)[-1]
        assert done["event"] == "done" and done["steps"] == 3, done               # 54 images in batches of 20


@case
def damaged_data_is_named():
    project = small_project("damaged", batch=20)
    good = idx_folder("good")
    images = (good / "train-images-idx3-ubyte.gz").read_bytes()

    def damaged(name, file, content):
        folder = FOLDER / name
        shutil.copytree(good, folder)
        (folder / file).write_bytes(content)
        return refuses("train", project, "--data", folder, words=[file])

    damaged("cut", "train-images-idx3-ubyte.gz", images[:len(images) // 2])
    damaged("corrupt", "train-images-idx3-ubyte.gz", images[:200] + b"\0" * 64 + images[264:])
    damaged("magic", "train-images-idx3-ubyte.gz", gzip.compress(b"\x12\x34\x56\x78" + bytes(1000)))
    damaged("empty", "train-images-idx3-ubyte.gz", b"")
    damaged("huge", "train-images-idx3-ubyte.gz", gzip.compress(struct.pack(">BBBB3I", 0, 0, 8, 3, 0xFFFFFFFF, 28, 28)))
    sentence = damaged("counts", "train-labels-idx1-ubyte.gz", gzip.compress(struct.pack(">BBBBI", 0, 0, 8, 1, 50) + bytes(50)))
    assert "50" in sentence and "60" in sentence, sentence
    refuses("train", project, "--data", FOLDER / "gone", words=["gone"])
    empty = FOLDER / "no-files"
    empty.mkdir()
    refuses("train", project, "--data", empty, words=["no-files"])


@case
def damaged_projects_are_named():
    text = STROKES.read_text()

    def refused(name, content, *words):
        path = FOLDER / f"{name}.hillock"
        path.write_text(content)
        refuses("check", path, words=[path.name, *words])
        refuses("train", path, words=[path.name, *words])

    refused("newer", re.sub(r'"hillock"\s*:\s*1\b', '"hillock": 99', text), "99")
    refused("cut", text[:len(text) // 2])
    refused("unknown", text.replace('"recipe"', '"receipt"', 1), "receipt")
    refused("type", re.sub(r'"epochs"\s*:\s*\d+', '"epochs": "ten"', text), "epochs")
    refused("empty", "")
    refuses("check", FOLDER, words=["folder"])
    refuses("check", FOLDER / "missing.hillock", words=["missing.hillock"])


@case
def settings_that_cannot_work_are_refused():
    project = json.loads(small_project("settings").read_text())
    cases = []
    project["recipe"]["epochs"] = 0
    cases.append(("epochs0", json.dumps(project), ["epoch"]))
    project["recipe"]["epochs"] = 1
    project["recipe"]["batch"] = 5000
    cases.append(("batch5000", json.dumps(project), ["5000", "540"]))
    project["recipe"]["batch"] = 50
    del project["graph"]["links"][0]
    cases.append(("open", json.dumps(project), []))
    project["graph"]["nodes"] = []
    project["graph"]["links"] = []
    cases.append(("nothing", json.dumps(project), []))
    for name, text, words in cases:
        path = FOLDER / f"{name}.hillock"
        path.write_text(text)
        refuses("train", path, "--json", words=words)


@case
def a_loss_that_explodes_ends_the_run_in_words():
    project = json.loads(small_project("explode").read_text())
    project["recipe"]["optimizer"] = {"name": "sgd", "params": {"learning_rate": 1e9}}
    path = FOLDER / "explode.hillock"
    path.write_text(json.dumps(project))
    done = cli("train", path, "--json", status=1)
    assert "learning rate" in done.stderr.lower() and len(done.stderr.strip().splitlines()) == 1, done.stderr


@case
def a_folder_that_cannot_be_written_is_named():
    project = small_project("readonly")
    (FOLDER / "occupied").write_text("a file")
    refuses("train", project, "--out", FOLDER / "occupied", words=["occupied"])
    refuses("train", project, "--out", "/proc/nowhere/run", words=["/proc/nowhere"])


@case
def a_full_disk_keeps_what_was_made():
    if not pathlib.Path("/dev/full").exists():
        raise unittest.SkipTest("there is no /dev/full")
    project = small_project("full")
    cli("train", project, "--json")
    refuses("export", project, "--out", "/dev/full/x.safetensors", words=["/dev/full"])


if __name__ == "__main__":
    try:
        run()
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
