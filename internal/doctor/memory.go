package doctor

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"cordon/internal/cloud"
	"cordon/internal/permissions"
)

// checkMemory looks whether memory could be captured: the vault has to be a bucket, and the tools have to be where the
// configuration says. Their hashes are checked on the host.
func checkMemory(ctx context.Context, p *patient) (results []Result, err error) {
	tools := p.Config.EC2.Memory.Tools()
	if len(tools) == 0 {
		return nil, nil
	}
	if bucket, _ := permissions.EvidenceBucket(p.Config.Vault); bucket == "" {
		return one(Result{
			Check: "memory.vault", Severity: Problem, Subject: p.Config.Vault,
			Found: "memory is never captured: the host can send it to a bucket only", Remedy: "set vault: s3://BUCKET/PREFIX, or leave ec2.memory out",
		})
	}
	for _, platform := range sortedKeys(tools) {
		uri := tools[platform].Tool
		bucket, key, _ := strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
		r := Result{Check: "memory.tool", Severity: OK, Subject: uri, Found: "the tool for " + platform + " is there"}
		in := &s3.HeadObjectInput{Bucket: &bucket, Key: &key}
		_, err := p.S3.HeadObject(ctx, in)
		if there, moved := cloud.BucketRegion(ctx, p.Clients, bucket, "", p.Region, err); moved {
			_, err = s3.New(p.S3.Options(), func(o *s3.Options) { o.Region = there }).HeadObject(ctx, in)
		}
		switch {
		case cloud.NotFound(err) || cloud.Is(err, "NotFound", "NoSuchKey", "NoSuchBucket"):
			r.Severity, r.Found = Problem, "the tool for "+platform+" is not there: memory is not captured"
			r.Remedy = "put it there (docs/memory.md), or set ec2.memory." + platform
		case err != nil:
			r = p.unchecked("memory.tool", uri, err)
		}
		results = append(results, r)
	}
	return results, nil
}
