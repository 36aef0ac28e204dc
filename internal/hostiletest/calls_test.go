package hostiletest_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"cordon/internal/awssim"
	ht "cordon/internal/hostiletest"
)

// What a live response runs, word for word.
var (
	linux   = []string{"ps auxwwf"}
	windows = []string{"Get-Process | Format-List"}
)

const evidenceBucket, evidencePrefix = "cordon-evidence-111122223333", "cordon/"

// reading are the operations that change nothing, by the beginning of their names.
var reading = []string{"Describe", "Get", "List", "Head", "Query", "Scan", "BatchGet", "Simulate", "Select"}

func reads(operation string) bool {
	return slices.ContainsFunc(reading, func(p string) bool { return strings.HasPrefix(operation, p) })
}

// checks are the operations with which Cordon writes something, and what may be in it. One that is not entered fails the suite:
// whoever adds an output says here how it is kept clean.
var checks = map[string]func(awssim.Call) error{
	"S3.PutObject":                                               putObject,
	"SSM.SendCommand":                                            sendCommand,
	"SSM.CancelCommand":                                          ownWords,
	"SNS.Publish":                                                publish,
	"SecurityHub.BatchUpdateFindings":                            note,
	"GuardDuty.ArchiveFindings":                                  nil, // ids go back to where they came from
	"STS.AssumeRole":                                             ownWords,
	"EC2.CreateSecurityGroup":                                    ownWords,
	"EC2.DeleteSecurityGroup":                                    ownWords,
	"EC2.AuthorizeSecurityGroupIngress":                          ownWords,
	"EC2.AuthorizeSecurityGroupEgress":                           ownWords,
	"EC2.RevokeSecurityGroupIngress":                             ownWords,
	"EC2.RevokeSecurityGroupEgress":                              ownWords,
	"EC2.ModifyNetworkInterfaceAttribute":                        ownWords,
	"EC2.ModifyInstanceAttribute":                                ownWords,
	"EC2.CreateSnapshot":                                         ownWords,
	"EC2.CreateSnapshots":                                        ownWords,
	"EC2.CreateTags":                                             ownWords,
	"EC2.DeleteTags":                                             ownWords,
	"EC2.ReplaceIamInstanceProfileAssociation":                   ownWords,
	"EC2.AssociateIamInstanceProfile":                            ownWords,
	"EC2.DisassociateIamInstanceProfile":                         ownWords,
	"Auto Scaling.DetachInstances":                               ownWords,
	"Auto Scaling.AttachInstances":                               ownWords,
	"Auto Scaling.UpdateAutoScalingGroup":                        ownWords,
	"Auto Scaling.SetInstanceProtection":                         ownWords,
	"Elastic Load Balancing v2.DeregisterTargets":                ownWords,
	"Elastic Load Balancing v2.RegisterTargets":                  ownWords,
	"Elastic Load Balancing.DeregisterInstancesFromLoadBalancer": ownWords,
	"Elastic Load Balancing.RegisterInstancesWithLoadBalancer":   ownWords,
	"IAM.PutRolePolicy":                                          document,
	"IAM.DeleteRolePolicy":                                       ownWords,
	"IAM.PutUserPolicy":                                          document,
	"IAM.DeleteUserPolicy":                                       ownWords,
	"IAM.CreatePolicy":                                           document,
	"IAM.CreatePolicyVersion":                                    document,
	"IAM.DeletePolicy":                                           ownWords,
	"IAM.DeletePolicyVersion":                                    ownWords,
	"IAM.AttachUserPolicy":                                       ownWords,
	"IAM.AttachRolePolicy":                                       ownWords,
	"IAM.DetachUserPolicy":                                       ownWords,
	"IAM.DetachRolePolicy":                                       ownWords,
	"IAM.UpdateAccessKey":                                        ownWords,
	"IAM.UpdateLoginProfile":                                     ownWords,
	"S3.PutPublicAccessBlock":                                    ownWords,
	"S3.DeletePublicAccessBlock":                                 ownWords,
}

// check holds one call that changes something against the table.
func check(c awssim.Call) error {
	name := c.Service + "." + c.Operation
	f, known := checks[name]
	switch {
	case !known:
		return fmt.Errorf("%s is not entered in the table of what Cordon writes", name)
	case f == nil:
		return nil
	}
	if err := f(c); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// ownWords holds that every text of an input is Cordon's own or AWS's: an id, a name, a fixed sentence.
func ownWords(c awssim.Call) error {
	raw, err := json.Marshal(c.Input)
	if err != nil {
		return err
	}
	var doc any
	if err := json.Unmarshal(raw, &doc); err != nil {
		return err
	}
	return eachString(doc, "", func(path, s string) error {
		if err := ht.Name(s); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	})
}

func eachString(v any, path string, f func(path, s string) error) error {
	switch v := v.(type) {
	case string:
		return f(path, v)
	case map[string]any:
		for k, inner := range v {
			if err := f(path, k); err != nil {
				return err
			}
			if err := eachString(inner, path+"."+k, f); err != nil {
				return err
			}
		}
	case []any:
		for _, inner := range v {
			if err := eachString(inner, path, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// document is ownWords for an input with a policy, whose quotation marks are JSON's.
func document(c awssim.Call) error {
	raw, err := json.Marshal(c.Input)
	if err != nil {
		return err
	}
	var in struct{ PolicyDocument string }
	if err := json.Unmarshal(raw, &in); err != nil {
		return err
	}
	var policy any
	if err := json.Unmarshal([]byte(in.PolicyDocument), &policy); err != nil {
		return fmt.Errorf("the policy is no JSON: %w", err)
	}
	return eachString(policy, "policy", func(_, s string) error { return ht.Name(s) })
}

func putObject(c awssim.Call) error {
	in := c.Input.(*s3.PutObjectInput)
	if *in.Bucket != evidenceBucket {
		return fmt.Errorf("into bucket %q", *in.Bucket)
	}
	if len(in.Metadata) > 0 || in.Tagging != nil || in.ContentDisposition != nil {
		return fmt.Errorf("with metadata that is not checked: %v", in.Metadata)
	}
	if *in.Key == evidencePrefix+".cordon-check" { // proves that the bucket can be written
		return nil
	}
	return ht.Key(evidencePrefix, *in.Key)
}

func sendCommand(c awssim.Call) error {
	in := c.Input.(*ssm.SendCommandInput)
	want := map[string][]string{"AWS-RunShellScript": linux, "AWS-RunPowerShellScript": windows}[aws.ToString(in.DocumentName)]
	if want == nil || !slices.Equal(in.Parameters["commands"], want) || len(in.Parameters) != 2 || len(in.InstanceIds) != 1 {
		return fmt.Errorf("runs %q, and the configuration says %q", in.Parameters, want)
	}
	if err := ht.Key(evidencePrefix, aws.ToString(in.OutputS3KeyPrefix)); err != nil {
		return err
	}
	return ht.Name(aws.ToString(in.Comment) + in.InstanceIds[0] + in.Parameters["executionTimeout"][0])
}

func publish(c awssim.Call) error {
	in := c.Input.(*sns.PublishInput)
	for name, a := range in.MessageAttributes {
		if name == "notice" {
			var v any
			if err := json.Unmarshal([]byte(*a.StringValue), &v); err != nil {
				return fmt.Errorf("attribute notice: %w", err)
			}
			continue
		}
		if err := ht.Terminal(*a.StringValue); err != nil {
			return fmt.Errorf("attribute %s: %w", name, err)
		}
	}
	return ht.Mail(aws.ToString(in.Subject), aws.ToString(in.Message))
}

func note(c awssim.Call) error {
	in := c.Input.(*securityhub.BatchUpdateFindingsInput)
	text := aws.ToString(in.Note.Text)
	if utf8.RuneCountInString(text) > 512 || strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
		return fmt.Errorf("note %q", text)
	}
	return ht.Name(aws.ToString(in.Note.UpdatedBy))
}
