"""A device that behaves, and notices when others keep it from being served."""

import threading

import httpx

from central_server.directory import ElectionDirectory
from ledger.primitives import Hash
from ledger.record import parse_record
from tests.unit.central_server.server_factory import small_tally
from tests.unit.central_server.server_process import open_device, post_records


class HonestDevice(threading.Thread):
    """Device 1, which sends its tally and then asks for the receipt, again and again, whatever others do meanwhile."""

    def __init__(self, directory: ElectionDirectory, election_id: Hash, url: str) -> None:
        super().__init__()
        self._directory, self._election_id, self._url = directory, election_id, url
        self._is_stopping = threading.Event()
        self._served = threading.Condition()
        self.receipts = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        record = small_tally(self._election_id, 1)
        try:
            with open_device(self._directory, self._url, 1) as client:
                while not self._is_stopping.is_set():
                    # The receipt alone, the second time: the record again would be rationed.
                    if self.receipts == 0:
                        assert post_records(client, [record])[0][0] == "receipt"
                    client.get(f"/v1/receipts/{parse_record(record).leaf_hash.hex()}").raise_for_status()
                    with self._served:
                        self.receipts += 1
                        self._served.notify_all()
        except (httpx.HTTPError, AssertionError) as error:
            self.failure = error
            with self._served:
                self._served.notify_all()

    def expect_service(self) -> None:
        """From now on it is answered some more times."""
        with self._served:
            target = self.receipts + 3
            assert self._served.wait_for(lambda: self.failure is not None or self.receipts >= target, 60)
        assert self.failure is None, self.failure

    def stop(self) -> None:
        self._is_stopping.set()
        self.join(60)
        assert self.failure is None and not self.is_alive()
