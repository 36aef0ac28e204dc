// Package cloud is how Cordon reaches AWS: one set of real SDK clients an account and Region, error classes by
// code, and middleware for the call journal and the read-only guard.
package cloud

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Clients are the SDK clients of one account and Region. They retry throttling and passing faults themselves (see Retries:
// 5 attempts, urgent calls more); callers retry nothing.
type Clients struct {
	Account, Region string

	EC2         *ec2.Client
	AutoScaling *autoscaling.Client
	ELB         *elb.Client
	ELBV2       *elbv2.Client
	IAM         *iam.Client
	SSM         *ssm.Client
	S3          *s3.Client
	STS         *sts.Client
}

// AppID stands in the user agent of every call, as app/cordon: in CloudTrail, and in the findings that a call raises.
const AppID = "cordon"

// New makes the clients from one SDK configuration; no call is made. The Region is cfg.Region. Where the
// configuration names an endpoint (an emulator), S3 uses path-style addresses.
func New(cfg aws.Config, account string) *Clients {
	cfg = sharing(Retries(withAccount(cfg, account)))
	cfg.AppID = AppID
	return &Clients{
		Account: account, Region: cfg.Region,
		EC2:         ec2.NewFromConfig(cfg),
		AutoScaling: autoscaling.NewFromConfig(cfg),
		ELB:         elb.NewFromConfig(cfg),
		ELBV2:       elbv2.NewFromConfig(cfg),
		IAM:         iam.NewFromConfig(cfg),
		SSM:         ssm.NewFromConfig(cfg),
		S3: s3.NewFromConfig(cfg, func(o *s3.Options) {
			o.UsePathStyle = cfg.BaseEndpoint != nil
			o.DisableLogOutputChecksumValidationSkipped = true // the vault checks every hash itself
		}),
		STS: sts.NewFromConfig(cfg),
	}
}
