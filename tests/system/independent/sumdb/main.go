// Checks a publication with the Go project's own checksum database code (golang.org/x/mod/sumdb), which knows nothing of Tunuk: the
// checkpoint's signature, every entry against the tree, and consistency from every size in a list.
//
//	sumdb DIR VKEY ORIGIN [PROOF ENTRY]
//	sumdb DIR VKEY ORIGIN COUNT
//
// Prints "ok SIZE ROOT"; the first fault ends it with status 1. PROOF is a tlog-proof file, ENTRY the file of the entry that it is of.
// With COUNT it makes so many proofs of each kind, spread over the log, from tiles that it has read before, and prints the nanoseconds
// that one of inclusion and one of consistency took.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const width = 256

func main() {
	if len(os.Args) < 4 || len(os.Args) > 6 {
		fail("usage: sumdb DIR VKEY ORIGIN [PROOF ENTRY | COUNT]")
	}
	directory, origin := os.Args[1], os.Args[3]
	verifier, err := note.NewVerifier(os.Args[2])
	check(err)
	text, err := os.ReadFile(filepath.Join(directory, "checkpoint"))
	check(err)
	size, root := open(text, verifier, origin)
	if len(os.Args) == 5 {
		measure(directory, tlog.Tree{N: size, Hash: root}, os.Args[4])
		return
	}

	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, folder(directory))
	for index := int64(0); index < size; index++ {
		bundle := readBundle(directory, index/width, min(size-index/width*width, width))
		leaf := tlog.RecordHash(bundle[index%width])
		proof, err := tlog.ProveRecord(size, index, reader)
		check(err)
		check(tlog.CheckRecord(proof, size, root, index, leaf))
	}
	for old := int64(1); old <= size; old += 1 + old/7 {
		before, err := tlog.TreeHash(old, reader)
		check(err)
		proof, err := tlog.ProveTree(size, old, reader)
		check(err)
		check(tlog.CheckTree(proof, size, root, old, before))
	}
	if len(os.Args) == 6 {
		checkProof(os.Args[4], os.Args[5], verifier, origin)
	}
	fmt.Println("ok", size, base64.StdEncoding.EncodeToString(root[:]))
}

// measure times proofs, each by a reader that has looked at no tile yet.
func measure(directory string, tree tlog.Tree, text string) {
	count, err := strconv.ParseInt(text, 10, 64)
	check(err)
	tiles := &memory{folder: folder(directory), read: map[tlog.Tile][]byte{}}
	var took [2]time.Duration
	for round := 0; round < 2; round++ {
		// The first round reads the tiles, the second is timed.
		took = [2]time.Duration{}
		for number := int64(0); number < count; number++ {
			place := number * 7919 % (tree.N - 1)
			begun := time.Now()
			_, err := tlog.ProveRecord(tree.N, place, tlog.TileHashReader(tree, tiles))
			took[0] += time.Since(begun)
			check(err)
			begun = time.Now()
			_, err = tlog.ProveTree(tree.N, place+1, tlog.TileHashReader(tree, tiles))
			took[1] += time.Since(begun)
			check(err)
		}
	}
	fmt.Println(took[0].Nanoseconds()/count, took[1].Nanoseconds()/count)
}

// memory keeps every tile that it has read.
type memory struct {
	folder
	read map[tlog.Tile][]byte
}

func (tiles *memory) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		if tiles.read[tile] == nil {
			found, err := tiles.folder.ReadTiles([]tlog.Tile{tile})
			if err != nil {
				return nil, err
			}
			tiles.read[tile] = found[0]
		}
		all = append(all, tiles.read[tile])
	}
	return all, nil
}

// open verifies a signed checkpoint (C2SP tlog-checkpoint) and gives its tree.
func open(text []byte, verifier note.Verifier, origin string) (int64, tlog.Hash) {
	opened, err := note.Open(text, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != origin {
		fail("the checkpoint is of another log: " + lines[0])
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := tlog.ParseHash(lines[2])
	check(err)
	return size, root
}

func checkProof(path, entry string, verifier note.Verifier, origin string) {
	text, err := os.ReadFile(path)
	check(err)
	head, checkpoint, found := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		fail("no tlog-proof")
	}
	index, err := strconv.ParseInt(lines[1][len("index "):], 10, 64)
	check(err)
	var proof tlog.RecordProof
	for _, line := range lines[2:] {
		hash, err := tlog.ParseHash(line)
		check(err)
		proof = append(proof, hash)
	}
	data, err := os.ReadFile(entry)
	check(err)
	size, root := open([]byte(checkpoint), verifier, origin)
	check(tlog.CheckRecord(proof, size, root, index, tlog.RecordHash(data)))
}

// readBundle gives the entries of one bundle: each has its length before it, in two bytes.
func readBundle(directory string, number, entries int64) [][]byte {
	data, err := os.ReadFile(filepath.Join(directory, "tile/entries", tilePath(number, entries)))
	check(err)
	var bundle [][]byte
	for len(data) >= 2 {
		length := int(binary.BigEndian.Uint16(data))
		if len(data) < 2+length {
			fail("a bundle ends within an entry")
		}
		bundle, data = append(bundle, data[2:2+length]), data[2+length:]
	}
	if len(data) != 0 || int64(len(bundle)) != entries {
		fail(fmt.Sprintf("bundle %d has %d entries, not %d", number, len(bundle), entries))
	}
	return bundle
}

// tilePath is the number and width of a tile as C2SP tlog-tiles spells them.
func tilePath(number, entries int64) string {
	path := fmt.Sprintf("%03d", number%1000)
	for number >= 1000 {
		number /= 1000
		path = fmt.Sprintf("x%03d/%s", number%1000, path)
	}
	if entries < width {
		path += fmt.Sprintf(".p/%d", entries)
	}
	return path
}

// folder reads tiles from the publication. tlog asks for tiles of the height that it is told: C2SP's 8.
type folder string

func (folder) Height() int { return 8 }

func (directory folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		path := filepath.Join(string(directory), "tile", strconv.Itoa(tile.L), tilePath(tile.N, int64(tile.W)))
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (folder) SaveTiles([]tlog.Tile, [][]byte) {}

func check(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func fail(words string) {
	fmt.Fprintln(os.Stderr, words)
	os.Exit(1)
}
