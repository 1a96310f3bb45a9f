"""The wheel holds all that a run needs, and works from any folder without the checkout."""

import subprocess
import sys
import sysconfig
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from gan_lab.common.paths import conf_directory, template_directory
from small_runs import FEW_SAMPLES, FEW_SCORES

CHECKOUT = Path(__file__).parents[1]
TEMPLATE = [
    path.relative_to(template_directory())
    for path in template_directory().rglob("*")
    if path.is_file() and "__pycache__" not in path.parts
]
QUICK = ("steps=3", "logger=none", *FEW_SAMPLES, FEW_SCORES)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # Isolation fetches the builder from the package index.
    here = ("--no-isolation",) if find_spec("hatchling") else ()
    build = [sys.executable, "-m", "build", "--wheel", *here, "--outdir", folder, CHECKOUT]
    built = subprocess.run(build, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The programs of a clean environment with the wheel; it borrows this one's dependencies."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    programs = folder / "bin"
    install = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel)
    subprocess.run([programs / "python", *install], check=True)
    # Borrowed by a .pth of this environment's folder: later on the path than the wheel, and not
    # a site directory, so that the .pth of an editable install in it is not followed.
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    answer = subprocess.check_output([programs / "python", "-c", where], text=True)
    borrowed = "\n".join({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    Path(answer.strip(), "borrowed.pth").write_text(borrowed, encoding="utf-8")
    return programs


def run(program: Path, *arguments: str, folder: Path, environment: dict[str, str]) -> str:
    result = subprocess.run(
        [program, *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_it_holds_configs_weights_and_style_and_no_tests(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    yamls = conf_directory().rglob("*.yaml")
    configs = {f"gan_lab/conf/{path.relative_to(conf_directory())}" for path in yamls}
    assert len(configs) > 5 and configs <= names
    assert {f"gan_lab/template/{path}" for path in TEMPLATE} <= names
    assert "gan_lab/evaluation/weights/mnistcnn-v1.safetensors" in names
    assert "gan_lab/figures/gan_lab.mplstyle" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    modules = (CHECKOUT / "src").rglob("*.py")
    assert {str(path.relative_to(CHECKOUT / "src")) for path in modules} <= names
    folders = {name.partition("/")[0] for name in names}
    assert len(folders) == 2 and "gan_lab" in folders  # and its .dist-info


def test_it_works_from_another_folder(installed, environment, tmp_path):
    environment = {key: value for key, value in environment.items() if key != "PYTHONPATH"}

    def gan_lab(*arguments: str) -> str:
        script = installed / "gan-lab"
        return run(script, *arguments, folder=tmp_path, environment=environment)

    assert "Six to begin with" in gan_lab("--help")
    assert "latent_dim: 16" in gan_lab("--cfg", "job")
    directory = Path(gan_lab(*QUICK).splitlines()[-1])
    assert (tmp_path / directory / "checkpoints" / "00000003.pt").is_file()

    notebook = """
        import gan_lab
        from gan_lab.common.paths import conf_directory
        run = gan_lab.load_run("latest")
        print(gan_lab.__file__, conf_directory(), run.step, *run.sample(5).shape, sep="\\n")
    """
    script = "\n".join(line.strip() for line in notebook.splitlines())
    answer = run(
        installed / "python", "-c", script, folder=tmp_path, environment=environment
    ).split()
    package, configs, *numbers = answer
    assert Path(package).is_relative_to(installed.parent)
    assert Path(configs) == Path(package).parent / "conf"
    assert numbers == ["3", "5", "1", "32", "32"]


@pytest.mark.slow
def test_a_new_project_works_from_the_wheel_alone(installed, environment, tmp_path):
    """What a user does in an empty folder, who then adds a score and a dataset."""
    environment = {key: value for key, value in environment.items() if key != "PYTHONPATH"}

    def gan_lab(*arguments: str, folder: Path = tmp_path / "mine") -> str:
        return run(installed / "gan-lab", *arguments, folder=folder, environment=environment)

    gan_lab("new", "mine", folder=tmp_path)
    project = tmp_path / "mine"
    gan_lab("experiment=first", "steps=20")
    gan_lab("experiment=first", "sweep=compare", "steps=2", "launcher=parallel", "n_jobs=2")
    gan_lab("report", "first")
    assert (project / "runs" / "first" / "report" / "report.html").is_file()
    assert "ConvTranspose2d" in gan_lab("explain", "model=mine")

    (project / "my_scores.py").write_text("def grey(fake): return fake.double().mean()\n")
    (project / "conf" / "score").mkdir()
    (project / "conf" / "score" / "grey.yaml").write_text(
        "needs: images\nbetter: floor\nin_lists: [grey]\nmeasure:\n  _target_: my_scores.grey\n"
    )
    (project / "my_data.py").write_text(
        "import torch\nfrom gan_lab.data import ImageDataset\n\n\n"
        "def stripes(image_size, split='train'):\n"
        "    images = torch.zeros(64, 1, image_size, image_size, dtype=torch.uint8)\n"
        "    images[:, :, ::2] = 255\n"
        "    return ImageDataset(images)\n"
    )
    (project / "conf" / "dataset").mkdir()
    (project / "conf" / "dataset" / "stripes.yaml").write_text(
        "images:\n  _target_: my_data.stripes\n  image_size: ${image_size}\n"
        "classifier: null\nscores: [grey]\nscores_during_training: [grey]\nselection: grey\n"
    )
    typed = ("dataset=stripes", "dataset.scores=[grey]", "study=stripes", "steps=2")
    gan_lab("experiment=first", *typed)
    assert "grey" in gan_lab("runs", "stripes")
    gan_lab("evaluate", "latest", "--scores", "grey", "--samples", "60", "--trust")
