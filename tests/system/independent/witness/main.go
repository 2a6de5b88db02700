// Speaks to a witness as a log does (C2SP tlog-witness), with other people's code for everything but the request itself: the Go
// project's notes and trees (golang.org/x/mod/sumdb), cosignatures of both types by github.com/transparency-dev/formats.
//
//	witness URL SIGNER STRANGER VKEY...
//
// SIGNER is the log's key that the witness knows, STRANGER one of the same name that it does not know, VKEY each of the witness's keys.
// Prints "ok" where every answer is as the specification has it; the first that is not ends it with status 1.
package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	fnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type tree struct{ hashes []tlog.Hash }

func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var found []tlog.Hash
	for _, index := range indexes {
		found = append(found, t.hashes[index])
	}
	return found, nil
}

func grow(size int64, word string) *tree {
	t := &tree{}
	for n := int64(0); n < size; n++ {
		more, err := tlog.StoredHashes(n, []byte(fmt.Sprint(word, n)), t)
		check(err)
		t.hashes = append(t.hashes, more...)
	}
	return t
}

type client struct {
	url       string
	log       note.Signer
	witnesses []note.Verifier
}

// ask posts a checkpoint of size entries of t, with a proof from old made from t as well.
func (c *client) ask(t *tree, old, size int64, signer note.Signer, origin string) (int, http.Header, string, string) {
	root, err := tlog.TreeHash(size, t)
	check(err)
	text := fmt.Sprintf("%s\n%d\n%s\n", origin, size, base64.StdEncoding.EncodeToString(root[:]))
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	check(err)
	body := &bytes.Buffer{}
	fmt.Fprintf(body, "old %d\n", old)
	if 0 < old && old < size {
		proof, err := tlog.ProveTree(size, old, t)
		check(err)
		for _, hash := range proof {
			fmt.Fprintf(body, "%s\n", base64.StdEncoding.EncodeToString(hash[:]))
		}
	}
	fmt.Fprintf(body, "\n%s", signed)
	answer, err := http.Post(c.url+"/add-checkpoint", "text/plain", body)
	check(err)
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	check(err)
	return answer.StatusCode, answer.Header, string(said), string(signed)
}

func (c *client) cosigned(t *tree, old, size int64) {
	status, _, said, signed := c.ask(t, old, size, c.log, c.log.Name())
	expect(status == 200, "from", old, "to", size, "answers", status, said)
	opened, err := note.Open([]byte(signed+said), note.VerifierList(c.witnesses...))
	check(err)
	expect(len(opened.Sigs) == len(c.witnesses), "signatures:", len(opened.Sigs))
}

func main() {
	log, err := note.NewSigner(os.Args[2])
	check(err)
	stranger, err := note.NewSigner(os.Args[3])
	check(err)
	c := &client{url: os.Args[1], log: log}
	for _, vkey := range os.Args[4:] {
		verifier, err := fnote.NewVerifierForCosignatureV1(vkey)
		check(err)
		c.witnesses = append(c.witnesses, verifier)
	}
	honest, other := grow(300, "entry"), grow(300, "other")
	old := int64(0)
	for _, size := range []int64{1, 2, 7, 8, 8, 200, 256, 257, 290} {
		c.cosigned(honest, old, size)
		old = size
	}
	for _, wrong := range []int64{0, 1, 257, 289} {
		status, header, said, _ := c.ask(honest, wrong, 300, log, log.Name())
		size, err := strconv.ParseInt(strings.TrimSuffix(said, "\n"), 10, 64)
		expect(status == 409 && header.Get("Content-Type") == "text/x.tlog.size" && err == nil && size == old, "409:", status, said)
	}
	refused := func(what string, want int, t *tree, old, size int64, signer note.Signer, origin string) {
		status, _, said, _ := c.ask(t, old, size, signer, origin)
		expect(status == want, what, status, said)
	}
	refused("another history", 422, other, 290, 300, log, log.Name())
	refused("another root", 422, other, 290, 290, log, log.Name())
	refused("another key", 403, honest, 290, 300, stranger, log.Name())
	refused("another log", 404, honest, 290, 300, log, log.Name()+"x")
	refused("an old size beyond", 400, honest, 291, 290, log, log.Name())
	c.cosigned(honest, 290, 300)
	fmt.Println("ok")
}

func expect(holds bool, words ...any) {
	if !holds {
		fmt.Fprintln(os.Stderr, words...)
		os.Exit(1)
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
