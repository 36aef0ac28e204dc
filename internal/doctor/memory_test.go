package doctor_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
	"cordon/internal/config"
)

func TestMemory(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*testing.T, *ward)
		want   string
	}{
		"there": {func(t *testing.T, w *ward) {
			_, err := cloud.New(w.Config(region), account).S3.PutObject(t.Context(), &s3.PutObjectInput{
				Bucket: aws.String(bucket), Key: aws.String("cordon/tools/avml"), Body: strings.NewReader("tool"),
			})
			if err != nil {
				t.Fatal(err)
			}
		}, "ok memory.tool s3://" + bucket + "/cordon/tools/avml: the tool for linux is there"},
		"missing":     {func(*testing.T, *ward) {}, "problem memory.tool s3://" + bucket + "/cordon/tools/avml: the tool for linux is not there"},
		"a directory": {func(_ *testing.T, w *ward) { w.conf.Vault = "file:///evidence" }, "problem memory.vault file:///evidence: memory is never captured"},
	} {
		t.Run(name, func(t *testing.T) {
			w := deployed(t, awssim.Options{})
			w.conf.EC2.Memory.Linux = config.MemoryTool{Tool: "s3://" + bucket + "/cordon/tools/avml", SHA256: strings.Repeat("0", 64)}
			tt.change(t, w)
			var got []string
			for _, r := range w.examine(t) {
				if strings.HasPrefix(r.Check, "memory.") {
					got = append(got, say(r))
				}
			}
			if len(got) != 1 || !strings.HasPrefix(got[0], tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
