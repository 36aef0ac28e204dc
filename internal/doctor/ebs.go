package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/sync/errgroup"
)

// managedEBSKey is EC2's name for the AWS managed key of the account.
const managedEBSKey = "alias/aws/ebs"

// checkEncryption says whether snapshots could be given to a forensic account: one that is encrypted under the AWS
// managed key never can. https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html
func checkEncryption(ctx context.Context, p *patient) ([]Result, error) {
	var (
		key       string
		byDefault bool
		volumes   = map[string]int{} // encrypted and in use, by key
	)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		out, err := p.EC2.GetEbsDefaultKmsKeyId(ctx, &ec2.GetEbsDefaultKmsKeyIdInput{})
		if err == nil {
			key = aws.ToString(out.KmsKeyId)
		}
		return err
	})
	g.Go(func() error {
		out, err := p.EC2.GetEbsEncryptionByDefault(ctx, &ec2.GetEbsEncryptionByDefaultInput{})
		byDefault = err == nil && aws.ToBool(out.EbsEncryptionByDefault)
		return err
	})
	g.Go(func() error {
		pages := ec2.NewDescribeVolumesPaginator(p.EC2, &ec2.DescribeVolumesInput{MaxResults: aws.Int32(500), Filters: []ec2types.Filter{
			{Name: aws.String("encrypted"), Values: []string{"true"}}, {Name: aws.String("status"), Values: []string{"in-use"}},
		}})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return err
			}
			for _, v := range page.Volumes {
				volumes[aws.ToString(v.KmsKeyId)]++
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return one(encryption(p.Region, key, byDefault, volumes))
}

func encryption(region, key string, byDefault bool, volumes map[string]int) Result {
	r := Result{Check: "ebs.encryption", Severity: OK, Subject: key}
	var under []string
	for _, k := range sortedKeys(volumes) {
		if k != key {
			under = append(under, fmt.Sprintf("%s under %s", count(volumes[k], "volume"), k[strings.LastIndex(k, "/")+1:]))
		}
	}
	if !strings.HasSuffix(key, managedEBSKey) {
		r.Found = "the default key is the account's own: snapshots of volumes under it can be shared, and so can the key"
		if len(under) > 0 {
			r.Found += "; under other keys: " + some(under, 5)
		}
		return r
	}
	r.Severity = Note
	r.Found = "the default key is the AWS managed one"
	if byDefault {
		r.Found += ", and every new volume is encrypted"
	}
	r.Found += ": a snapshot under it cannot be shared with a forensic account, only copied to another key first"
	if len(under) > 0 {
		r.Found += "; in use: " + some(under, 5)
	}
	r.Remedy = fmt.Sprintf("make a key of your own the default: aws ec2 modify-ebs-default-kms-key-id --region %s --kms-key-id KEY; whose a key is: aws kms describe-key --key-id KEY --query KeyMetadata.KeyManager", region)
	return r
}
