"""Everything that can go wrong, and whether trying again could help.

ThumbsError
├── RequestError                the request is refused, nothing is recorded
│   ├── InvalidSignature        401: not signed by the platform, or too old
│   │   └── HeaderMissing       a header is missing that the signature needs
│   ├── MalformedPayload        400: signed, but not what the platform documents
│   ├── UnknownAccount          404: no such platform or account is configured
│   └── IdReused                409: another message was taken in under the same id
├── TransientError              try again, with back-off
│   ├── DecoderCrashed          the decode process died
│   ├── DecodeTimedOut          the decode process took too long and was stopped
│   ├── OutOfMemory             the model did not fit, even one picture at a time
│   ├── PlatformUnavailable     the platform's API is down, busy or unreachable
│   │   ├── RateLimited         it asks the account to come more rarely
│   │   └── PicksNotTaken       not the platform, but PICKS_URL or PICTURES_URL, the customer's own
│   ├── RequestHeldBack         our own limits kept a request back for too long
│   ├── RequestForbidden        the platform takes our token, and refuses this one request
│   ├── ShownMeanwhile          somebody set another thumbnail while we were about to write ours
│   ├── NotReadyYet             the asset, or a file of it, is still being made
│   ├── DownloadFailed          the transfer broke off, or the disk is full
│   ├── JobTimedOut             one attempt took longer than it may
│   ├── BucketUnavailable       the bucket of pictures is down, or not set up right
│   ├── ModelElsewhere          the job wants another model than this worker's
│   └── WorkerSilent            the worker that had the job died, or lost the database
├── PermanentError              the same input fails again
│   ├── UnreadableVideo         not a video, damaged, encrypted, or empty
│   ├── UnreadablePicture       not a picture, damaged, or missing
│   ├── VideoTooLarge           beyond the limits on duration, pixels, streams or bytes
│   ├── SourceRefused           the file lies at an address that we do not fetch from
│   ├── AssetGone               the platform has no such asset any more
│   ├── AssetFailed             the platform could not process the asset
│   ├── PictureLost             a stored picture is missing from the bucket, or damaged there
│   ├── HeadRefused             a learned head cannot be put into use, or taken out of it
│   ├── NothingToLearn          there is not enough to learn from yet
│   └── PublishRejected         the platform understood the write, and refuses it
├── ConfigurationError          the operator must act; trying again does not help before that
│   ├── UnknownModel            no such model, or a damaged checkpoint
│   ├── WeightsMissing          the model's file is not in place
│   ├── PromptsInvalid          the prompts file cannot be used
│   ├── JudgedSetInvalid        a set of judged frames cannot be learned from
│   ├── SettingsInvalid         an environment variable is missing or wrong
│   ├── ExtraMissing            a library of an extra is not installed
│   └── CredentialsRefused      the platform does not accept our token; its account's work waits meanwhile
├── Unjudged                    no failure: a judge gave no verdict, and the picks stand without it
└── Abandoned                   no failure: the work is given up, and its result is not wanted
    ├── Stopping                this process is asked to end
    ├── LeaseLost               another worker has the job
    └── Overtaken               a newer edit makes this run useless
"""

from __future__ import annotations


class ThumbsError(Exception):
    """Base of every error of this product."""


class RequestError(ThumbsError):
    """The request is refused; sending the same again does not help."""


class InvalidSignature(RequestError):
    """The platform did not send exactly these bytes, or sent them too long ago."""


class HeaderMissing(InvalidSignature):
    """A header is missing that the signature needs; its name is no secret, so the sender is told."""


class MalformedPayload(RequestError):
    """The body is not what the platform documents."""


class UnknownAccount(RequestError):
    """No such platform or account is configured; work that is there already waits (`worker.accounts`)."""


class IdReused(RequestError):
    """Another message was taken in under the same id; each event needs an id of its own."""


class TransientError(ThumbsError):
    """Trying again may help."""


class DecoderCrashed(TransientError):
    """The decode process died."""


class DecodeTimedOut(TransientError):
    """The decode process took too long and was stopped."""


class OutOfMemory(TransientError):
    """The model did not fit into memory, even one picture at a time."""


class PlatformUnavailable(TransientError):
    """The platform's API is down, busy or unreachable."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s  #: how long the platform asks us to wait; None where it does not


class RateLimited(PlatformUnavailable):
    """The platform asks the account to come more rarely (429), with all its requests."""


class PicksNotTaken(PlatformUnavailable):
    """PICKS_URL or PICTURES_URL, the customer's own, is down or busy; that says nothing of any platform."""


class RequestHeldBack(TransientError):
    """Our own limits (REQUESTS_PER_ACCOUNT, REQUESTS_PER_SECOND) kept a request back for too long.

    The platform was not asked, so this says nothing of it.
    """


class RequestForbidden(TransientError):
    """The platform takes our token, and refuses this one request; a permission or a rule may change."""


class ShownMeanwhile(TransientError):
    """Somebody set another thumbnail between our question and our write; whose it is, the next look tells."""


class NotReadyYet(TransientError):
    """The asset, or a file of it that was asked for, is still being made."""


class DownloadFailed(TransientError):
    """The transfer broke off, or the disk is full."""


class JobTimedOut(TransientError):
    """One attempt at a job took longer than JOB_TIMEOUT_S."""


class BucketUnavailable(TransientError):
    """The bucket of our pictures is down, or not set up right; that says nothing of any platform."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s  #: when it is asked again; None where that is not known


class ModelElsewhere(TransientError):
    """The job is to be judged by another model than the one that this worker has."""


class TablesInUse(TransientError):
    """Somebody has a table locked that is to be changed."""


class WorkerSilent(TransientError):
    """The worker that had the job died, or could not reach the database."""


class PermanentError(ThumbsError):
    """The same input fails again; change the input."""


class UnreadableVideo(PermanentError):
    """The file is not a video, or is damaged, encrypted or empty."""


class UnreadablePicture(PermanentError):
    """The file is no picture that can be read; the message names the remedy."""


class VideoTooLarge(PermanentError):
    """The video is beyond the limits on duration, pixels, streams or bytes."""


class SourceRefused(PermanentError):
    """The file lies at an address that we do not fetch from."""


class AssetGone(PermanentError):
    """The platform has no such asset any more."""


class AssetFailed(PermanentError):
    """The platform could not process the asset."""


class PictureLost(PermanentError):
    """A stored picture is missing from the bucket, or damaged there; the message names the remedy."""


class HeadRefused(PermanentError):
    """A learned head cannot be put into use, or taken out of it; the message says what helps."""


class NothingToLearn(PermanentError):
    """There is not enough to learn from yet; the message says what is missing."""


class PublishRejected(PermanentError):
    """The platform understood the write, and refuses it."""


class ConfigurationError(ThumbsError):
    """The operator must act; trying again does not help before that.

    A job that meets one is given up, but for CredentialsRefused, see `worker.accounts`.
    """


class UnknownModel(ConfigurationError):
    """No such model, or a damaged checkpoint."""


class WeightsMissing(ConfigurationError):
    """The file with a model's weights is not in place."""


class PromptsInvalid(ConfigurationError):
    """The prompts file cannot be used."""


class JudgedSetInvalid(ConfigurationError):
    """A set of judged frames cannot be learned from; the message says what to mend."""


class SettingsInvalid(ConfigurationError):
    """An environment variable is missing or wrong."""


class ExtraMissing(ConfigurationError, ImportError):
    """A library is not installed; the message tells how to install it (`worker.installation`)."""


class CredentialsRefused(ConfigurationError):
    """The platform does not accept our token. Work waits, and asks again now and then (`worker.accounts`)."""


class Unjudged(ThumbsError):
    """A judge gave no verdict; the picks stand without it, and their note says why.

    Args:
        result: in one word, as metrics count it: `timeout`, `invalid`, `refused`, `busy`, `budget`, `paused`,
            `misconfigured`, `failed`, `undecoded` or `unknown`.
        message: for people.
    """

    def __init__(self, result: str, message: str) -> None:
        super().__init__(message)
        self.result = result


class Abandoned(ThumbsError):
    """The work is given up, because its result is not wanted any more."""


class Stopping(Abandoned):
    """This process is asked to end."""


class LeaseLost(Abandoned):
    """Another worker has the job by now."""


class Overtaken(Abandoned):
    """A newer edit of the asset makes this run useless."""


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message; drivers add a statement and its parameters below it."""
    return str(error).partition("\n")[0]
