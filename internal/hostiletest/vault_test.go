package hostiletest_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
	ht "cordon/internal/hostiletest"
	"cordon/internal/vault"
)

// TestEvidenceStaysInItsPlace puts evidence under every hostile case and name: every object of the bucket is under the prefix, every
// file under the directory, each piece is where it is read back from, and no other is.
func TestEvidenceStaysInItsPlace(t *testing.T) {
	account := awssim.New(awssim.Options{Fault: func(c awssim.Call) awssim.Fault {
		if in, ok := c.Input.(*s3.PutObjectInput); ok {
			if err := ht.Key(evidencePrefix, *in.Key); err != nil || *in.Bucket != evidenceBucket {
				t.Errorf("%s: %v", *in.Bucket, err)
			}
		}
		return awssim.Fault{}
	}})
	if err := awssim.Demo(account); err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	inside := filepath.Join(root, "a", "b", "evidence")
	dir, err := vault.OpenDir(inside)
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := vault.OpenS3(cloud.New(account.Config(region), "").S3, evidenceBucket, strings.TrimSuffix(evidencePrefix, "/"), "")
	if err != nil {
		t.Fatal(err)
	}
	all := append(ht.Strings(), ht.Text{Name: "all", Value: ht.All()})
	for i, text := range all {
		for kind, v := range map[string]vault.Vault{"directory": dir, "bucket": bucket} {
			id := all[(i+7)%len(all)].Value // a case's id is Cordon's own; a vault does not rely on it
			content := []byte(text.Name + kind)
			if _, _, err := v.Put(t.Context(), id, text.Value, content); err != nil {
				if utf8.ValidString(id + text.Value) {
					t.Errorf("%s, %s: %v", kind, text.Name, err)
				}
				continue
			}
			got, err := v.Get(t.Context(), id, text.Value)
			if err != nil || !bytes.Equal(got, content) {
				t.Errorf("%s, %s: %q, %v", kind, text.Name, got, err)
			}
			if kind == "directory" {
				if problems, err := vault.Verify(t.Context(), v, id, nil, ""); err != nil || len(problems) > 0 {
					t.Errorf("%s, %s: %v, %v", kind, text.Name, problems, err)
				}
			}
		}
	}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if err := ht.Key(filepath.ToSlash(inside)+"/", filepath.ToSlash(path)); err != nil && !strings.HasPrefix(d.Name(), ".") {
				t.Error(err)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("/tmp/" + ht.Forged); err == nil {
		t.Error("a command in a name was run")
	}
}
