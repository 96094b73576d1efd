"""Signed links for workers: one file, one direction, a short life. The link is the permission."""

from arena.kit.signing import Signer

READ = "file.read"
WRITE = "file.write"
UPLOAD = "upload.read"
JOB = "job"


class Links:
    def __init__(self, signer: Signer, base_url: str) -> None:
        self._signer = signer
        self._base = base_url

    def read(self, key: str, seconds: int = 3600) -> str:
        return f"{self._base}/api/files/{self._signer.sign(READ, {'key': key}, seconds)}"

    def write(self, key: str, max_bytes: int, seconds: int = 3600) -> str:
        """A link that accepts one PUT of at most `max_bytes`."""
        token = self._signer.sign(WRITE, {"key": key, "max": max_bytes}, seconds)
        return f"{self._base}/api/files/{token}"

    def upload(self, upload_id: str, seconds: int = 3600) -> str:
        """A link that reads an arrived upload, put together from its parts."""
        return f"{self._base}/api/incoming/{self._signer.sign(UPLOAD, {'upload': upload_id}, seconds)}"

    def job(self, job_id: str, seconds: int = 24 * 3600) -> str:
        return f"{self._base}/api/lab/jobs/{self._signer.sign(JOB, {'job': job_id}, seconds)}"
