#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""ONNX through hillock-cli: the cases that ONNX publishes (Debian's libonnx-testdata), a model from the model zoo, round trips
and damaged files."""
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tap import case, run  # noqa: E402

CLI, SOURCE = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
PUBLISHED = pathlib.Path("/usr/lib/python3/dist-packages/onnx/backend/test/data")
MEMORY = tempfile.TemporaryDirectory()
FOLDER = pathlib.Path(MEMORY.name)


def cli(*arguments, status=0):
    done = subprocess.run([CLI, *map(str, arguments)], capture_output=True, text=True, timeout=1500)
    assert done.returncode == status, (arguments, done.returncode, done.stderr[-2000:], done.stdout[-2000:])
    return done


def published():
    if not PUBLISHED.is_dir():
        raise unittest.SkipTest("libonnx-testdata is not installed")
    return PUBLISHED


def model_zoo():
    folder = os.environ.get("HILLOCK_DATA_DIR")
    if not folder or not (pathlib.Path(folder) / "models" / "mnist-8").is_dir():
        raise unittest.SkipTest("HILLOCK_DATA_DIR names no folder with models/mnist-8")
    return pathlib.Path(folder)



@case
def published_cases_pass_or_are_refused():
    folders = [published() / name for name in ("node", "pytorch-converted", "pytorch-operator")]
    wanted = set((SOURCE / "tests" / "cli" / "onnx-passed.txt").read_text(encoding="utf-8").split())
    lines = cli("test-onnx", *folders).stdout.splitlines()
    n_models = sum(len(list(folder.glob("*/model.onnx"))) for folder in folders)
    results = {line.split()[1]: line for line in lines[:-1]}
    assert len(lines) - 1 == n_models and len(wanted) > 200, (len(lines), n_models, len(wanted))
    lost = [results.get(name, name) for name in sorted(wanted) if not results.get(name, "").startswith("passed")]
    assert not lost, lost
    for line in lines[:-1]:
        assert line.startswith("passed") or (line.startswith("refused") and len(line.split(maxsplit=2)) == 3), line
    assert ", 0 failed, " in lines[-1], lines[-1]


@case
def own_cases_pass():
    folder = SOURCE / "tests" / "cli" / "onnx-cases"
    done = cli("test-onnx", folder)
    lines = done.stdout.splitlines()
    assert len(lines) - 1 == len(list(folder.glob("*/model.onnx"))) > 30, len(lines)
    assert all(line.startswith("passed") for line in lines[:-1]), done.stdout


@case
def a_model_becomes_a_project_and_comes_out_the_same():
    for name in ("test_Conv2d_padding", "test_Linear", "test_BatchNorm2d_eval", "test_MaxPool2d"):
        source = published() / "pytorch-converted" / name
        project, again = FOLDER / f"{name}.hillock", FOLDER / f"{name}.onnx"
        cli("import", source / "model.onnx", "-o", project)
        cli("check", project)
        cli("export", project, "--weights", project.with_suffix(".safetensors"), "-o", again)
        for index, model in enumerate((source / "model.onnx", again)):
            cli("run", model, "--input", source / "test_data_set_0" / "input_0.pb", "--output", FOLDER / f"{name}-{index}")
        first, second = ((FOLDER / f"{name}-{index}" / "output_0.pb").read_bytes() for index in (0, 1))
        assert first == second and len(first) > 100, name


@case
def the_model_zoos_mnist_runs_learns_and_leaves():
    folder = model_zoo()
    source, project = folder / "models" / "mnist-8", FOLDER / "mnist.hillock"
    weights = project.with_suffix(".safetensors")
    assert cli("test-onnx", source).stdout.startswith("passed  mnist-8")
    cli("import", source / "model.onnx", "-o", project, "--data", folder / "mnist", "--normalize", "unit")
    assert cli("eval", project).stdout == cli("eval", project, "--weights", weights).stdout
    score = cli("eval", project).stdout
    assert float(score.split("accuracy")[1].split()[0]) >= 98.8, score
    cli("export", project, "--weights", weights, "-o", FOLDER / "mnist.onnx")
    for index, model in enumerate((source / "model.onnx", FOLDER / "mnist.onnx")):
        cli("run", model, "-i", source / "test_data_set_0" / "input_0.pb", "-o", FOLDER / f"mnist-{index}")
    first, second = ((FOLDER / f"mnist-{index}" / "output_0.pb").read_bytes() for index in (0, 1))
    assert first == second and len(first) >= 40


@case
def damaged_and_dangerous_files_are_refused():
    relu = b"\x08\x07\x3a\x00"                                        # a model with an empty graph
    good = (SOURCE / "tests" / "fuzz" / "corpus" / "onnx" / "test_Linear.onnx").read_bytes()
    bad = {"empty": b"", "text": b"not a model\n", "no-graph": b"\x08\x07", "no-set": relu}
    bad.update({f"cut-{n}": good[:n] for n in range(1, len(good), 37)})
    nested = b""
    for _ in range(100000):                                           # graph, node, attribute, graph, …
        nested = b"\x0a" + varint(len(nested)) + nested
        if len(nested) > 200000:
            break
    bad["nested"] = b"\x3a" + varint(len(nested)) + nested
    tensor = b"\x08\xff\xff\xff\xff\x07\x08\xff\xff\xff\xff\x07\x10\x01\x42\x01w"   # 2^31 × 2^31 floats, no data
    graph = b"\x2a" + varint(len(tensor)) + tensor
    node = b"\x0a\x01x\x0a\x01w\x12\x01y\x22\x03Add"
    graph += b"\x0a" + varint(len(node)) + node + b"\x62\x03\x0a\x01y"
    shape = b"\x0a\x01x\x12\x0c\x0a\x0a\x08\x01\x12\x06\x0a\x00\x0a\x02\x08\x03"
    graph += b"\x5a" + varint(len(shape)) + shape
    bad["huge"] = b"\x08\x07\x42\x02\x10\x0d\x3a" + varint(len(graph)) + graph
    outside = tensor.replace(b"\x08\xff\xff\xff\xff\x07\x08\xff\xff\xff\xff\x07", b"\x08\x03")
    outside += b"\x6a\x19\x0a\x08location\x12\x0d../etc/passwd\x70\x01"
    bad["outside"] = bad["huge"].replace(b"\x2a" + varint(len(tensor)) + tensor, b"")
    body = graph.replace(b"\x2a" + varint(len(tensor)) + tensor, b"\x2a" + varint(len(outside)) + outside)
    bad["outside"] = b"\x08\x07\x42\x02\x10\x0d\x3a" + varint(len(body)) + body
    words = {"huge": "size", "outside": "beside the model", "nested": "nested"}
    for name, data in bad.items():
        path = FOLDER / f"bad-{name}.onnx"
        path.write_bytes(data)
        said = cli("import", path, "-o", FOLDER / "bad.hillock", status=1).stderr
        assert said.startswith("hillock-cli: ") and said.count("\n") == 1 and words.get(name, "") in said, (name, said)
    (FOLDER / "model.onnx").write_bytes(good)
    assert "hillock-cli import" in cli("check", FOLDER / "model.onnx", status=1).stderr
    cli("import", FOLDER, status=1)
    cli("import", FOLDER / "none.onnx", status=1)
    assert not (FOLDER / "bad.hillock").exists()


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


run()
