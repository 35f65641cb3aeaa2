"""Writes the list of common passwords that log-ins refuse: our own making, from patterns, not from anybody's leak.

Passwords under 12 characters are refused by their length, so the list holds what people make of well-known short ones
to reach 12: a word twice, a word and a number, a year, a keyboard walk, a phrase. In normal form: lower case, with the usual
stand-ins (@ $ 0 1 3 …) taken back, which is also how a candidate is looked up; one entry stands for many spellings.

Run: python -m tools.build_common_passwords   (a test says that the file is what this makes)
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from brightkitchen.domain.users.common import SHORTEST, normalise

FILE: Final = Path(__file__).resolve().parents[1] / "src/brightkitchen/domain/users/common_passwords.txt"


def _words(text: str) -> list[str]:
    return text.split()


_WORDS: Final = _words("""
password passwort passw0rd pass admin administrator root user guest test demo manager operator system sysadmin login welcome
letmein master secret default changeme access server service support super superuser monkey dragon sunshine princess football
baseball superman batman iloveyou trustno1 shadow michael jessica charlie freedom whatever computer internet windows
woaini woaiwo mima mimamima zhangsan lisi wangwu xiaoming wodemima woshini nihao nihaoma zhongguo beijing shanghai shenyang dalian
liaoning caonima qingwa aiqing gongzuo gongsi danwei laoban caiwu yonghu guanliyuan chaojiyonghu
camera ipcam hikvision hik dahua uniview tplink dvr nvr cctv video monitor jiankong shexiangtou
kitchen brightkitchen brightkitchenadmin chufang mingchu mingchuliangzao mingchuyun mingchuliang liangzao canyin canting shitang xuexiao
youeryuan shipin shipinanquan foodsafety food shian scjg scj scjgj shichangjianguan jianguan jianguanju zhifa zhifaju gongshang
anshan anshanshi asscjg tiedong tiexi lishan qianshan haicheng taian xiuyan angang qianshanqu yuchi yufu
qwerty qwertyuiop asdfgh asdfghjkl zxcvbn zxcvbnm qazwsx qazwsxedc qweasd qweasdzxc qweqwe asdasd zxczxc abc abcd abcdef abcabc aaa aaaa
""")

_TAILS: Final = _words("""
1 12 123 1234 12345 123456 1234567 12345678 123456789 1234567890 0123456789 321 4321 54321 654321 87654321 111 1111 11111 111111 1111111
11111111 000 0000 00000 000000 00000000 666 6666 666666 66666666 888 8888 888888 88888888 999 9999 999999 520 1314 5201314 521 110 112 119
123123 112233 123321 121212 789 147258 147258369 159357 abc abc123 a1b2c3 qwe qwe123 qwerty asd asd123 admin root pass password test
""")

_WALKS: Final = _words("""
1qaz2wsx3edc 1qaz2wsx3edc4rfv 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1q2w3e4r5t6y7u8i qwertyuiop12 qwertyuiop123 qwertyuiop[] qwertyuiopas
qwertyuiopasdf qwertyuiopasdfghjkl asdfghjkl123 asdfghjkl123456 zxcvbnm12345 zxcvbnm123456 zaq12wsxcde3 zaq1xsw2cde3 qazwsxedcrfv
qazwsxedcrfvtgb qwe123asd456 qweasdzxc123 qweasdzxc1234 123qweasdzxc 1234qwerasdf 1234qwerasdfzxcv abcdefghijkl abcdefghijklmnop
abcdefghijklmnopqrstuvwxyz a1b2c3d4e5f6 a1b2c3d4e5f6g7 aa123456789 aa1234567890 a123456789012 q1w2e3r4t5y6 qqqwww123456 qqwwee112233
poiuytrewq12 poiuytrewq123 mnbvcxz12345 lkjhgfdsa123 poiuytrewqlkjhgfdsa 147258369147 147258369000 741852963741 159753159753 159357159357
""")

_PHRASES: Final = _words("""
iloveyouforever iloveyou1314520 letmeinplease letmeinnow123 correcthorsebatterystaple thequickbrownfox thisisapassword thisismypassword
mypasswordis123 mypassword123 nopasswordhere notapassword ihavenopassword opensesame123 opensesameopen changemeplease changemenow123
woaini1314520 woaiwojia1314 woshinibaba woaizhongguo woaibeijing1 zhongguojiayou tiananmen1949 mimashi123456 wodemima1234 yiersansiwuliu
nihaozhongguo wobuzhidaomima wangjimimale buyaogaosubieren renminfuwu123 weirenminfuwu anshanshijianguan anshanshichangjianguan
anshanscjg2021 mingchuliangzao1 shipinanquan123 shipinanquanfa quanguoshipinanquan brightkitchen12 brightkitchen123 kitchencamera1
""")


def entries() -> Iterator[str]:
    """Yield every entry, in any spelling, some twice."""
    yield from _WALKS
    yield from _PHRASES
    years = [str(year) for year in range(1985, 2031)]
    for word in _WORDS:
        for tail in (*_TAILS, *years):
            yield word + tail
            yield tail + word
        yield word + word
        yield word + word + word
    for first in _WORDS[:24]:
        for second in _WORDS[:24]:
            yield first + second
    for year in range(1970, 2011):  # dates of birth, twice or with a tail
        for month in range(1, 13):
            yield f"{year}{month:02}{year}{month:02}"
            yield f"{year}{month:02}01123456"


def build_list() -> str:
    """Return the file's text: one entry a line, sorted, each of 12 characters or more in normal form."""
    made = {normalise(each) for each in entries()}
    return "".join(f"{each}\n" for each in sorted(made) if len(each) >= SHORTEST)


if __name__ == "__main__":
    FILE.write_text(build_list(), encoding="utf-8")
