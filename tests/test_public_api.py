"""What notebooks and programs import keeps its name and its place."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import gan_lab
from gan_lab import metrics
from gan_lab.evaluation import classifier

NAMES = {
    "gan_lab": """
        RunError TrainedRun UsageError __version__ evaluate list_runs load_dataset load_loss
        load_run sweep train write_report""",
    "gan_lab.losses": """
        Critic DRAGAN GanLoss GradientPenalty LeCam Penalty R1 R2
        hinge lsgan minimax nonsaturating rpgan wasserstein""",
    "gan_lab.models": """
        DCGANDiscriminator DCGANGenerator DCGANK5Discriminator DCGANK5Generator
        LabelledDiscriminator LabelledGenerator MLPDiscriminator MLPGenerator MaxoutDiscriminator
        PointDiscriminator PointGenerator ProjectionDiscriminator ResNetNFDiscriminator
        ResNetNFGenerator call initialise parameter_count""",
    "gan_lab.data": """
        Augmentation ImageDataset PointDataset celeba celeba_hash cifar10 decode digits
        fashion_mnist file_hash flowers flowers_hash folder_size from_unit grid human_size
        image_dimensions image_folder kmnist listing_hash mnist moons pinwheel points_csv
        reading_once ring spiral stacked_mnist to_unit with_channels""",
    "gan_lab.metrics": """
        Cells Census ClassifierScore Confusion CopyTest FrechetDistance JudgeErrors KernelDistance
        ModeCoverage Moments PrecisionRecallDensityCoverage SlicedWasserstein UNSURE birthday_size
        cells_for closest_pairs copy_test count_modes divergence_from_uniform enough_for_errors
        familiar_distance frechet frechet_at_infinity frechet_distance frechet_error
        frechet_from_features high_quality_counts inception_score is_strange jensen_shannon kid
        kid_subsets log_spectral_distance mean_interval mode_coverage moments nearest_distances
        nearest_modes nearest_others normal_interval optimal_discriminator pair_similarities
        pairwise_distances precision_recall_density_coverage radial_spectrum random_directions
        ring_frequencies ring_numbers rounding_power sliced_wasserstein spread stacked_mode_coverage
        sure_classes swd swd_levels triple_counts value_of wilson""",
    "gan_lab.tracking": """
        JsonLines TensorBoardTracker Tracker WandbTracker open_tracker wandb_and_tensorboard""",
    "gan_lab.evaluation": "shipped_classifier stacked_classifier trained_classifier",
}


@pytest.mark.parametrize("module", NAMES)
def test_public_names_are_these_and_are_there(module):
    found = import_module(module)
    assert sorted(found.__all__) == sorted(NAMES[module].split())
    for name in found.__all__:
        assert getattr(found, name) is not None


def test_the_names_of_the_classifier_are_handed_on_from_metrics_with_a_warning():
    for name in metrics.OF_THE_CLASSIFIER:
        with pytest.warns(DeprecationWarning, match=f"gan_lab.evaluation.classifier.{name}"):
            assert getattr(metrics, name) is getattr(classifier, name)


def test_the_scores_are_imported_without_torchmetrics_which_takes_longer_than_torch(environment):
    look = "import sys, gan_lab.metrics; print('torchmetrics' in sys.modules)"
    command = [sys.executable, "-c", look]
    assert subprocess.check_output(command, env=environment, text=True) == "False\n"


@pytest.mark.parametrize("module", [gan_lab, metrics])
def test_another_name_is_an_attribute_error(module):
    with pytest.raises(AttributeError, match="no_such_name"):
        module.no_such_name  # noqa: B018


def test_the_package_is_a_program_too(environment):
    command = [sys.executable, "-m", "gan_lab", "--version"]
    output = subprocess.check_output(command, env=environment, text=True)
    assert output == f"gan-lab {gan_lab.__version__}\n"


def test_its_types_are_for_everybody():
    assert Path(gan_lab.__file__).with_name("py.typed").is_file()
