package actiontest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	"cordon/internal/action"
)

// Evidence is an action.Evidence in memory. Its zero value is ready; it is safe for concurrent use.
type Evidence struct {
	// BucketName, when set, is the S3 bucket that services may write to; Prefix ends in "/".
	BucketName, Prefix string

	mu    sync.Mutex
	items map[string][]byte
}

// Put stores content; another content under the same name is refused.
func (e *Evidence) Put(ctx context.Context, name string, content []byte) (action.Artifact, error) {
	if err := ctx.Err(); err != nil {
		return action.Artifact{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if old, ok := e.items[name]; ok && !bytes.Equal(old, content) {
		return action.Artifact{}, fmt.Errorf("store evidence %s: there is one of that name with other content", name)
	}
	if e.items == nil {
		e.items = map[string][]byte{}
	}
	e.items[name] = bytes.Clone(content)
	return artifact(name, content), nil
}

// Attest keeps what is known of an uploaded piece; other facts under the same name are refused.
func (e *Evidence) Attest(ctx context.Context, name string, u action.Uploaded) (action.Artifact, error) {
	facts, err := json.Marshal(u)
	if err != nil {
		return action.Artifact{}, err
	}
	if _, err := e.Put(ctx, name, facts); err != nil {
		return action.Artifact{}, err
	}
	return action.Artifact{URI: "memory:///" + name, SHA256: u.SHA256, Bytes: u.Bytes}, nil
}

// Find gives the artifact of that name.
func (e *Evidence) Find(ctx context.Context, name string) (action.Artifact, bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	content, ok := e.items[name]
	if !ok {
		return action.Artifact{}, false, ctx.Err()
	}
	return artifact(name, content), true, ctx.Err()
}

// Bucket is BucketName and Prefix.
func (e *Evidence) Bucket() (bucket, prefix string, ok bool) {
	return e.BucketName, e.Prefix, e.BucketName != ""
}

// Get gives a piece, nil if there is none.
func (e *Evidence) Get(name string) []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return bytes.Clone(e.items[name])
}

// Names lists what is there, sorted.
func (e *Evidence) Names() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Sorted(maps.Keys(e.items))
}

func artifact(name string, content []byte) action.Artifact {
	sum := sha256.Sum256(content)
	return action.Artifact{URI: "memory:///" + name, SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(content))}
}
