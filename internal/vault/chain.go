package vault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
)

// maxCollisions bounds how often one append finds that other processes have taken the next number.
const maxCollisions = 1000

// maxChains is how many chains a vault remembers; past it, it reads them again.
const maxChains = 256

// chain is a case's manifest as far as this vault has read or written it. Entries are never replaced, so what was
// read stays true.
type chain struct {
	turn    chan struct{} // holds one token while somebody uses entries
	read    bool          // entries holds what was there at some time
	entries []Entry
}

// chains are the chains that a vault remembers, by case.
type chains struct {
	mu     sync.Mutex
	byCase map[string]*chain
}

func (cs *chains) of(caseID string) *chain {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c, ok := cs.byCase[caseID]
	if !ok {
		if cs.byCase == nil || len(cs.byCase) >= maxChains {
			cs.byCase = map[string]*chain{} // one in use is read again by the next; what decides is in the vault
		}
		c = &chain{turn: make(chan struct{}, 1)}
		cs.byCase[caseID] = c
	}
	return c
}

// lock waits for the chain's turn and reads the manifest if that was never done.
func (k *keeper) lock(ctx context.Context, caseID string) (*chain, error) {
	c := k.chains.of(caseID)
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if !c.read {
		entries, err := k.manifest(ctx, caseID)
		if err != nil {
			c.unlock()
			return nil, err
		}
		c.entries, c.read = entries, true
	}
	return c, nil
}

func (c *chain) unlock() { <-c.turn }

// link adds e to the case's chain, or gives the entry that the name has. Writers in other processes are told apart by
// the vault: only one can create the entry of a number, and the others go on behind it.
func (k *keeper) link(ctx context.Context, caseID string, e Entry) (Entry, error) {
	c, err := k.lock(ctx, caseID)
	if err != nil {
		return Entry{}, err
	}
	defer c.unlock()
	for range maxCollisions {
		if i := slices.IndexFunc(c.entries, func(known Entry) bool { return known.Name == e.Name }); i >= 0 {
			if c.entries[i].SHA256 != e.SHA256 {
				return Entry{}, ErrExists
			}
			return c.entries[i], nil
		}
		e.Case, e.Seq, e.At, e.Prev = caseID, 1, time.Now().UTC().Round(0), ""
		if n := len(c.entries); n > 0 {
			e.Seq, e.Prev = c.entries[n-1].Seq+1, c.entries[n-1].Hash
		}
		if e.Hash, err = hashOf(e); err != nil {
			return Entry{}, err
		}
		line, err := encode(e)
		if err != nil {
			return Entry{}, err
		}
		key := entryKey(caseID, e.Seq)
		switch err := k.files.create(ctx, key, append(line, '\n')); {
		case err == nil:
			c.entries = append(c.entries, e)
			return e, nil
		case !errors.Is(err, errTaken):
			return Entry{}, err
		}
		taken, err := k.entry(ctx, key)
		if err != nil {
			return Entry{}, err
		}
		c.entries = append(c.entries, taken)
	}
	return Entry{}, errors.New("too many writers at once (try again)")
}

// manifest reads a case's entries, in the order of their keys.
func (k *keeper) manifest(ctx context.Context, caseID string) ([]Entry, error) {
	keys, err := k.files.list(ctx, cleanSegment(caseID)+"/"+manifestDir+"/")
	if err != nil {
		return nil, err
	}
	slices.SortFunc(keys, func(a, b string) int { // 1000000.json comes after 999999.json
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return bytes.Compare([]byte(a), []byte(b))
	})
	entries := make([]Entry, len(keys))
	err = each(ctx, len(keys), func(ctx context.Context, i int) (err error) {
		entries[i], err = k.entry(ctx, keys[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// entry reads one entry. ErrDamaged where the content is none.
func (k *keeper) entry(ctx context.Context, key string) (Entry, error) {
	content, err := k.files.read(ctx, key)
	if err != nil {
		return Entry{}, err
	}
	e, err := decode(content)
	if err != nil {
		return Entry{}, fmt.Errorf("%w: entry %s: %w", ErrDamaged, key, err)
	}
	return e, nil
}

// decode reads an entry as link writes it, to the byte: what is not covered by its hash cannot stand beside it.
func decode(content []byte) (Entry, error) {
	var e Entry
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&e); err != nil {
		return Entry{}, err
	}
	again, err := encode(e)
	switch {
	case err != nil:
		return Entry{}, err
	case !bytes.Equal(again, bytes.TrimSuffix(content, []byte("\n"))):
		return Entry{}, errors.New("it is not as it was written")
	case e.Seq < 1 || e.Seq >= math.MaxInt32:
		return Entry{}, fmt.Errorf("it has the number %d", e.Seq)
	}
	return e, nil
}

func entryKey(caseID string, seq int) string {
	return fmt.Sprintf("%s/%s/%06d.json", cleanSegment(caseID), manifestDir, seq)
}

// hashOf is the hash that belongs into e.
func hashOf(e Entry) (string, error) {
	e.Hash = ""
	line, err := encode(e)
	if err != nil {
		return "", err
	}
	return digest(line), nil
}

// encode is e as one line of JSON, with <, > and & as they are, without the end of the line.
func encode(e Entry) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(e); err != nil {
		return nil, fmt.Errorf("encode manifest entry: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// digest is the SHA-256 of content in hex.
func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
