package awssim

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// askGroup is a question about an Auto Scaling group, whose tags are in the context.
func (x *request) askGroup(name *string) []Check {
	g := x.region().Scaling.Groups[aws.ToString(name)]
	if g == nil {
		return []Check{x.ask("", x.st.arn("autoscaling", x.Region, "autoScalingGroup:*:autoScalingGroupName/"+aws.ToString(name)))}
	}
	tags := map[string][]string{}
	for k, t := range g.Tags {
		tags["aws:ResourceTag/"+k], tags["autoscaling:ResourceTag/"+k] = []string{t.Value}, []string{t.Value}
	}
	return []Check{x.ask("", g.ARN, tags)}
}

func decideScaling(d decisions) {
	decide(d, autoScaling, func(x *request, in *autoscaling.AttachInstancesInput) []Check {
		return x.askGroup(in.AutoScalingGroupName)
	})
	decide(d, autoScaling, func(x *request, in *autoscaling.DetachInstancesInput) []Check {
		return x.askGroup(in.AutoScalingGroupName)
	})
	decide(d, autoScaling, func(x *request, in *autoscaling.SetInstanceProtectionInput) []Check {
		return x.askGroup(in.AutoScalingGroupName)
	})
}

func decideBalancers(d decisions) {
	classic := func(x *request, name *string) []Check {
		return []Check{x.ask("", x.st.arn("elasticloadbalancing", x.Region, "loadbalancer/"+aws.ToString(name)))}
	}
	decide(d, "Elastic Load Balancing", func(x *request, in *elb.RegisterInstancesWithLoadBalancerInput) []Check {
		return classic(x, in.LoadBalancerName)
	})
	decide(d, "Elastic Load Balancing", func(x *request, in *elb.DeregisterInstancesFromLoadBalancerInput) []Check {
		return classic(x, in.LoadBalancerName)
	})
	decide(d, "Elastic Load Balancing v2", func(x *request, in *elbv2.RegisterTargetsInput) []Check {
		return []Check{x.ask("", aws.ToString(in.TargetGroupArn))}
	})
	decide(d, "Elastic Load Balancing v2", func(x *request, in *elbv2.DeregisterTargetsInput) []Check {
		return []Check{x.ask("", aws.ToString(in.TargetGroupArn))}
	})
}

// decideSSM: the document, each instance, and the bucket that the output goes to. Documents of AWS's own have no account.
func decideSSM(d decisions) {
	decide(d, "SSM", func(x *request, in *ssm.SendCommandInput) []Check {
		name := aws.ToString(in.DocumentName)
		document := x.st.arn("ssm", x.Region, "document/"+name)
		if strings.HasPrefix(name, "AWS-") {
			document = "arn:" + x.st.Partition + ":ssm:" + x.Region + "::document/" + name
		}
		out := []Check{x.ask("", document)}
		for _, id := range in.InstanceIds {
			tags := map[string][]string{}
			for k, v := range x.ec2().Tags[id] {
				tags["aws:ResourceTag/"+k], tags["ssm:resourceTag/"+k] = []string{v}, []string{v}
			}
			out = append(out, x.ask("", x.ec2ARN(id), tags))
		}
		if in.OutputS3BucketName != nil {
			out = append(out, x.ask("", "arn:"+x.st.Partition+":s3:::"+*in.OutputS3BucketName))
		}
		return out
	})
}

func decideSTS(d decisions) {
	decide(d, "STS", func(x *request, in *sts.AssumeRoleInput) []Check {
		context := map[string][]string{"sts:RoleSessionName": {aws.ToString(in.RoleSessionName)}}
		if in.ExternalId != nil {
			context["sts:ExternalId"] = []string{*in.ExternalId}
		}
		return []Check{x.ask("", aws.ToString(in.RoleArn), context)}
	})
}

func decideNotices(d decisions) {
	decide(d, "SNS", func(x *request, in *sns.PublishInput) []Check {
		out := []Check{x.ask("", aws.ToString(in.TopicArn))}
		if t, err := x.topic(in.TopicArn); err == nil && strings.HasPrefix(t.Key, "arn:") { // who publishes encrypts
			via := map[string][]string{"kms:ViaService": {"sns." + x.Region + "." + x.urlSuffix()}}
			out = append(out, x.ask("kms:GenerateDataKey", t.Key, via), x.ask("kms:Decrypt", t.Key, via))
		}
		return out
	})
	decide(d, "Secrets Manager", func(x *request, in *secretsmanager.GetSecretValueInput) []Check {
		return []Check{x.ask("", aws.ToString(in.SecretId), map[string][]string{"secretsmanager:SecretId": {aws.ToString(in.SecretId)}})}
	})
	decide(d, "SecurityHub", func(x *request, _ *securityhub.BatchUpdateFindingsInput) []Check {
		return []Check{x.ask("", x.st.arn("securityhub", x.Region, "hub/default"))}
	})
}

// askTableKeys asks, for each table under a customer managed key that the questions are about, whether the caller may use
// that key through DynamoDB. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
func (x *request) askTableKeys(questions []Check) (out []Check) {
	if x.Service != dynamoDB {
		return nil
	}
	asked := map[string]bool{}
	for _, q := range questions {
		_, name, _ := strings.Cut(q.Resource, ":table/")
		name, _, _ = strings.Cut(name, "/")
		t := x.dynamo().Tables[name]
		if t == nil || t.Encryption == nil || asked[name] || !strings.HasPrefix(aws.ToString(t.Encryption.KMSMasterKeyId), "arn:") {
			continue
		}
		asked[name] = true
		out = append(out, x.ask("kms:Decrypt", *t.Encryption.KMSMasterKeyId, map[string][]string{
			"kms:ViaService": {"dynamodb." + x.Region + "." + x.urlSuffix()},
		}))
	}
	return out
}
