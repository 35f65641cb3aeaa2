"""Words that names of invented premises are put together from. None is meant to be anybody's."""

from typing import Final

LUCKY: Final = (
    "福满 聚香 鑫源 金鼎 顺兴 德聚 永旺 同庆 隆盛 兴盛 富贵 吉祥 如意 万家 百味 一品 好再来 老味道 小城 田园 "
    "满堂 客来 喜洋洋 大丰收 鸿运 福临 天天 新世纪 佳和 美食 老街 河畔 山里 农家 北方 关东 乡里 老灶 红灯笼 四季"
).split()
SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕".strip()
GIVEN: Final = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰梅红波宁辉凤鹏飞雪莹博文佳琪晨旭".strip()

RESTAURANTS: Final = (
    "饺子馆 春饼店 铁锅炖 家常菜馆 火锅店 海鲜酒楼 羊汤馆 朝鲜族风味馆 烤肉店 老菜馆 涮肉坊 川菜馆 湘菜馆 鱼馆 酒店"
).split()
SMALL: Final = "麻辣烫 拉面馆 包子铺 米线店 冷面店 馄饨馆 砂锅店 盖饭店 酱骨馆 小炒店 早餐店 粥铺 凉皮店 烧烤店".split()
SNACKS: Final = "煎饼 烤冷面 炸串 臭豆腐 鸭脖 肉夹馍 豆腐脑 水饺".split()
FAST: Final = "快餐 盒饭 汉堡 便当 轻食".split()
CHAINS: Final = "北康 惠民 益寿 百草 同心 康泰 仁济 安和".split()
MARKETS: Final = "万家福 惠多多 新时代 好邻居 丰泽 大众".split()
GOODS: Final = "食品冷库 水产冷库 肉类冷库 果蔬冷库 冷链物流园".split()
STREETS: Final = "解放路 胜利路 建国路 人民路 青年街 园林路 文化街 中华路 站前街 湖南街 和平路 健身街 二一九路 东风街 铁西大道 通山街".split()
